"""A dispatcher that compiles the kernels which a kernel calls as parts of that one, so that first calls take less time.

Numba compiles every function as if Python were going to call it: two wrappers and machine code, though of a kernel that
another one calls only the copy inside the outermost kernel ever runs. Here such a kernel becomes a part: optimized code
of LLVM that is linked into its caller, without wrappers and machine code. What the optimizer gets is what it got
before, so results and times stay what they are. A kernel that Python calls is compiled, cached and called as by Numba.
A part that calls Python, as to print, gets a function of its own; kernels that call each other in a circle are refused.

A part that is four calls deep still goes through the optimizer five times. With the option ``whole`` the parts of a
kernel stay as they are, and the optimizer sees them once, with the outermost kernel. Other loops come out, so it is
for kernels whose times were measured with it: most do not change, those of `dual_mirror_descent` took 10 to 20 % more.

The first `few_shot` of a process without a cache took 18.7 seconds of the processor with Numba's own dispatcher, 14.4
with parts and 11.0 with ``whole``; later, of 9.8 seconds 1.0 went into Python's searches for garbage, which are off
while a kernel is compiled. ``python -m benchmarks.first_calls`` measures first calls. It rests on internals of
Numba that nobody promises, so it is used with the versions that it was tried with; LRTHEORY_PLAIN_NUMBA=1 does without.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numba
from numba.core import compiler, errors, event, sigutils, types, typing
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import CPUDispatcher

__all__ = ["CIRCLE", "TRIED", "LinkedKernel", "linked"]

#: the first and the last version of Numba with which the tests have passed
TRIED = (0, 61), (0, 68)
#: why some kernels are refused: Numba joins them in the linker, and a process that finds them in its cache dies
CIRCLE = "kernels must not call each other in a circle, nor themselves with other types"


@contextmanager
def _without_collections() -> Iterator[None]:
    """Python looks for no garbage in circles meanwhile: most of what a compilation makes stays to its end."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            if not gc.get_freeze_count():  # else a user keeps objects from being looked at, and would lose that
                gc.freeze()  # both together make all objects old, where the next search for young garbage finds none
                gc.unfreeze()
            gc.enable()


class _Part(JITCodeLibrary):  # type: ignore[misc]
    """The code of a part, linked with the parts that it calls, and never turned into machine code."""

    optimized = True  # else the outermost kernel's optimizer sees it, and none before

    def add_llvm_module(self, ll_module: Any) -> None:
        if self.optimized:
            super().add_llvm_module(ll_module)
        else:  # the optimizer of the outermost kernel does what is done here function by function
            ll_module.data_layout = self._codegen._data_layout
            self._final_module.link_in(ll_module)

    def _optimize_final_module(self) -> None:
        if self.optimized:
            super()._optimize_final_module()

    def _finalize_final_module(self) -> None:
        if any(found.name.startswith(".numba.unresolved$") for found in self._final_module.global_variables):
            raise errors.UnsupportedError(CIRCLE)
        self._finalized = True

    def calls_python(self) -> bool:
        """Whether the code calls functions of Python, as to print, or to raise an error that names a number."""
        return any(found.name.startswith("Py") for found in self._final_module.functions)


class LinkedKernel(CPUDispatcher):  # type: ignore[misc]
    """Numba's dispatcher, except that other kernels get a part to link in place of a function that is ready to run.

    Parameters
    ----------
    function : callable
        The kernel.
    targetoptions : dict
        Options of Numba's dispatcher.
    whole : bool
        Whether the optimizer sees the parts of this kernel only together with it.
    """

    inside_whole = False  # whether a kernel with ``whole`` is being compiled; the lock of the compiler guards it

    def __init__(self, py_func: Callable[..., Any], *given: Any, whole: bool = False, **options: Any) -> None:
        super().__init__(py_func, *given, **options)
        self.whole = whole
        self.parts: dict[tuple[Any, ...], tuple[object, Any]] = {}  # a key for the target, and what was compiled
        self.as_value: CPUDispatcher | None = None

    def _reduce_states(self) -> dict[str, Any]:
        return super()._reduce_states() | {"whole": self.whole}

    @classmethod
    def _rebuild(cls, whole: bool, **states: Any) -> LinkedKernel:
        kernel: LinkedKernel = super()._rebuild(**states)
        kernel.whole = whole
        return kernel

    def get_compile_result(self, sig: Any) -> Any:
        """The code of a kernel that is a value in compiled code, which calls it through the wrapper for C."""
        if self.as_value is None:
            self.as_value = CPUDispatcher(self.py_func, targetoptions=self.targetoptions | {"no_cfunc_wrapper": False})
        return self.as_value.get_compile_result(sig)

    def compile(self, sig: Any) -> Any:
        """Compile the kernel for Python, or load it from the cache."""
        with global_compiler_lock, _without_collections():
            before, LinkedKernel.inside_whole = LinkedKernel.inside_whole, self.whole
            try:
                return super().compile(sig)
            finally:
                LinkedKernel.inside_whole = before

    def get_call_template(self, args: Any, kws: Any) -> tuple[Any, ...]:
        """The signature of a call from another kernel, and how its arguments are passed; type inference asks for it."""
        if self.is_compiling:  # a call of itself with the same types is known without being asked for
            raise errors.UnsupportedError(CIRCLE)
        python, literal = self._compiler.fold_argument_types(args, kws)
        given = tuple(types.unliteral(one) for one in literal)  # one part serves f(0), f(1) and f(n)
        try:
            signature = self._part(given)[1].signature
        except errors.TypingError:
            if given == literal:
                raise
            given = literal  # unless types depend on the number, as where it is a place in a tuple
            signature = self._part(given)[1].signature
        name = self.py_func.__name__
        template = typing.make_concrete_template(f"CallTemplate({name})", key=name, signatures=[signature])
        return template, python, given, {}

    def get_overload(self, sig: Any) -> Any:
        """The key under which the target knows the part that another kernel calls; lowering asks for it."""
        given, _ = sigutils.normalize_signature(sig)
        return self._part(tuple(given))[0]

    def _part(self, given: tuple[Any, ...]) -> tuple[object, Any]:
        with global_compiler_lock:
            place = given, self.inside_whole
            if place not in self.parts:
                details = {"dispatcher": self, "args": given, "return_type": None}
                # the counter tells type inference of a kernel that calls itself
                with self._compiling_counter, event.trigger_event("numba:compile", data=details):
                    self.parts[place] = self._compiled_part(given)
            return self.parts[place]

    def _compiled_part(self, given: tuple[Any, ...]) -> tuple[object, Any]:
        target, flags = self._compiler.targetdescr, compiler.Flags()
        target.options.parse_as_flags(flags, self.targetoptions)
        flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
        library = _Part(target.target_context.codegen(), self.py_func.__qualname__)
        library.optimized = not self.inside_whole
        of_target, rest = (target.typing_context, target.target_context), (given, None, flags, dict[str, Any]())
        found = compiler.compile_extra(*of_target, self.py_func, *rest, library=library)
        if library.calls_python():  # for that it needs an environment, which Numba gives to machine code alone
            self.compile(given)
            return self.overloads[given].entry_point, self.overloads[given]
        key = object()
        target.target_context.insert_user_function(key, found.fndesc, [found.library])
        return key, found


def linked(function: Callable[..., Any], *, plain: bool = False, whole: bool = False, **options: Any) -> Any:
    """Compile like Numba's ``njit(cache=True)``, with parts where the version of Numba is one that was tried.

    Parameters
    ----------
    function : callable
        The kernel.
    plain : bool
        Whether the kernel becomes a dispatcher of Numba's own.
    whole : bool
        Whether the optimizer sees the kernels that this one calls only together with it.
    **options
        Options of ``numba.njit``.

    Returns
    -------
    dispatcher
        Or the function itself, where Numba is told to compile nothing.
    """
    made, tried = numba.njit(**options)(function), TRIED[0] <= numba.version_info.short <= TRIED[1]
    if isinstance(made, CPUDispatcher) and tried and not plain:
        # the second wrapper is for functions that are handed to C
        made = LinkedKernel(function, whole=whole, targetoptions=made.targetoptions | {"no_cfunc_wrapper": True})
    if hasattr(made, "enable_caching"):
        made.enable_caching()
    return made
