"""Array libraries, devices and the compiler: the only package that knows about backends.

Dense functions are written against the array API standard (`array_namespace`); kernels are compiled for NumPy arrays
that came through one door (`kernel_input`), so each kernel has one signature per float type.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import inspect
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any, Literal, TypeVar, overload

import array_api_compat
import numba
import numpy as np
from numba.core.dispatcher import Dispatcher

from lrtheory._array import sparse
from lrtheory._array.dispatcher import linked
from lrtheory._array.notice import compile_seconds, no_notice
from lrtheory._validation import array, as_array, must

__all__ = [
    "PLAIN",
    "array_namespace",
    "arrays",
    "beside",
    "beside_jax",
    "compile_seconds",
    "flat",
    "interpreted",
    "is_foreign",
    "kernel",
    "kernel_input",
    "no_notice",
    "read_only",
    "real_array",
    "source_digest",
    "specialized",
    "to_numpy",
    "untraced",
]

F = TypeVar("F", bound=Callable[..., Any])
PACKAGES = Path(__file__).resolve().parent.parent.parent  # the folder that holds lrtheory/ and proofs_checks/
#: whether the kernels are Numba's alone: the environment asks for it by LRTHEORY_PLAIN_NUMBA=1, see `_kernels.lanes`
PLAIN = os.environ.get("LRTHEORY_PLAIN_NUMBA", "0") not in ("", "0")


def read_only(array: np.ndarray) -> np.ndarray:
    """A read-only view; the array itself stays as it is."""
    view = array.view()
    view.setflags(write=False)  # without an object for the flags, which takes twice the time
    return view


# --- namespaces and devices ------------------------------------------------------------------------------------------


@functools.cache
def _numpy() -> Any:
    """The array API namespace of NumPy, which takes long to import."""
    return array_api_compat.array_namespace(np.empty(0))


def array_namespace(*values: Any) -> Any:
    """The array API namespace of the arrays among the values; NumPy's when there is none."""
    if all(type(value) is np.ndarray for value in values):  # as most calls have it: 1 microsecond less
        return _numpy()
    found = [untraced("array", value) for value in values if array_api_compat.is_array_api_obj(value)]
    try:
        return array_api_compat.array_namespace(*found or [np.empty(0)])
    except TypeError as error:
        kinds = [type(value).__module__.partition(".")[0] for value in found]
        raise must("arrays", "arrays of one library", kinds, TypeError) from error


def to_numpy(value: Any) -> Any:
    """An array of any library as a NumPy array on the host; everything else unchanged."""
    if not is_foreign(value):
        return value
    if array_api_compat.is_torch_array(value):
        tensor = value.detach().cpu()
        return (tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor).numpy()  # NumPy has no bfloat16
    if array_api_compat.is_cupy_array(value):
        return value.get()
    if array_api_compat.is_jax_array(value):
        return np.asarray(untraced("array", value))
    namespace = array_api_compat.array_namespace(value)
    host = namespace.Device("CPU_DEVICE") if hasattr(namespace, "Device") else "cpu"
    return np.asarray(array_api_compat.to_device(value, host))


def beside(array: np.ndarray, other: Any) -> Any:
    """An array of the host in the library of another array, and on its device."""
    if isinstance(other, np.ndarray):
        return array
    return array_namespace(other).asarray(np.array(array), device=other.device)


def untraced(name: str, value: Any) -> Any:
    """The value itself, unless it stands for the arrays that a compiled JAX function is going to get."""
    jax = sys.modules.get("jax")
    if jax is not None and isinstance(value, jax.core.Tracer):
        raise must(name, "an array of numbers, not one that jax.jit, jax.grad or jax.vmap traces", value, TypeError)
    return value


def real_array(xp: Any, name: str, value: Any, *, device: Any = None, finite: bool = True) -> Any:
    """An array of the library `xp`, of real numbers in single or double precision.

    Lists, data frames and NumPy arrays join arrays of any library; half precision becomes single, and all other numbers
    but single ones become double.

    Parameters
    ----------
    xp : namespace
        The array API namespace of all inputs, from `array_namespace`.
    name : str
        The argument, for the sentence of the error.
    value : array of any library, nested sequence or data frame
        Array or nested sequence of real numbers, of any shape.
    device : device or None
        Device that receives an array from the host; None is the default of the library.
    finite : bool
        Whether infinities and NaN are refused.

    Returns
    -------
    array of the library `xp`
        Detached from torch's record of gradients.

    Raises
    ------
    TypeError
        If the entries are not real numbers, or the array belongs to another library than `xp`.
    ValueError
        If an entry is not finite, or the array has a mask or rows of different lengths.
    """
    if is_foreign(value):
        if array_namespace(value) is not xp:
            raise must(name, "an array of the library of the other inputs", type(value), TypeError)
        value = value.detach() if hasattr(value, "detach") else value
        if not xp.isdtype(value.dtype, ("real floating", "integral", "bool")):
            raise must(name, "an array of real numbers", value.dtype, TypeError)
        if value.dtype not in (xp.float32, xp.float64):
            value = xp.astype(value, xp.float32 if xp.isdtype(value.dtype, "real floating") else xp.float64)
    else:
        found = _real_on_the_host(name, value)
        value = found if xp is _numpy() and device is None else xp.asarray(found, device=device)
    # Maximum and minimum of an array with a NaN are NaN, so two reductions decide without an array of bools.
    if finite and 0 not in value.shape and not bool(xp.isfinite(xp.max(value)) & xp.isfinite(xp.min(value))):
        raise must(name, "finite", "an infinity or NaN")
    return value


def _real_on_the_host(name: str, value: Any) -> np.ndarray:
    """A NumPy array of real numbers in single or double precision, infinities and NaN included."""
    if type(value) is np.ndarray and value.dtype in (np.float32, np.float64):
        return value
    if sparse.issparse(value):
        raise must(name, "a dense array", value, TypeError)
    found = as_array(name, value)
    if found.dtype.kind == "O":  # exact numbers, and data frames with columns of several types
        try:
            return array(name, found, finite=False).astype(np.float64)
        except OverflowError as error:  # of integers and Fractions alone
            raise must(name, "an array of numbers in the range of doubles", value) from error
    if found.dtype.kind not in "fiub":
        raise must(name, "an array of real numbers", found.dtype, TypeError)
    if found.dtype in (np.float32, np.float64):
        return found
    return found.astype(np.float32 if found.dtype == np.float16 else np.float64)


def kernel_input(value: Any, dtype: Any = None) -> np.ndarray:
    """The one door into kernels: a contiguous, read-only NumPy view (a copy only where it must be).

    Read-only arrays are another type to the compiler than writable ones; here all become read-only.
    """
    return read_only(np.ascontiguousarray(to_numpy(value), dtype=dtype))


def arrays(where: Literal["device", "host"]) -> Callable[[F], F]:
    """Declare what a function does with arrays of other libraries; its docstring says the same in a line of its own.

    ``"device"``: the body is array-API code and stays on the caller's device. ``"host"``: arrays of other libraries are
    copied to the host and what comes back is put on the caller's device in the caller's kind. JAX, which by itself
    turns every number into one of 32 bits, is told not to while the function runs.
    """

    def decorate(function: F) -> F:
        wrapped: Any = beside_jax(function if where == "device" else _through_the_host(function))
        wrapped.arrays = where
        return wrapped

    return decorate


def beside_jax(function: Any) -> Any:
    """The function or method, which refuses what JAX traces, and in which JAX keeps numbers of 64 bits."""
    names = tuple(inspect.signature(function).parameters)

    @functools.wraps(function)
    def wrapper(*args: Any, **options: Any) -> Any:
        jax = sys.modules.get("jax")
        if jax is None:
            return function(*args, **options)
        for name, value in (*zip(names, args, strict=False), *options.items()):
            for leaf in _leaves(value):
                untraced(name, leaf)
        # versions that do not have it stay in the mode that they are in
        with jax.enable_x64(True) if hasattr(jax, "enable_x64") else nullcontext():
            return function(*args, **options)

    return wrapper


def is_foreign(value: Any) -> bool:
    """Whether a value is an array of another library than NumPy."""
    if type(value) is np.ndarray:
        return False
    return array_api_compat.is_array_api_obj(value) and not array_api_compat.is_numpy_array(value)


def _leaves(value: Any) -> Iterator[Any]:
    yield from value if isinstance(value, (list, tuple)) else (value,)


def _through_the_host(function: F) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any, **options: Any) -> Any:
        given = [leaf for value in (*args, *options.values()) for leaf in _leaves(value)]
        like = next((leaf for leaf in given if is_foreign(leaf)), None)
        if like is None:
            return function(*args, **options)
        args = tuple(_each(to_numpy, value) for value in args)
        options = {name: _each(to_numpy, value) for name, value in options.items()}
        return _like_caller(function(*args, **options), like)

    return wrapper


def _each(function: Callable[[Any], Any], value: Any) -> Any:
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(function(item) for item in value))
    if isinstance(value, (list, tuple)):
        return type(value)(function(item) for item in value)
    return function(value)


def _like_caller(value: Any, like: Any) -> Any:
    """Every dense array of numbers inside a result, as an array of the caller's kind on the caller's device."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        namespace = array_api_compat.array_namespace(like)
        return namespace.asarray(np.array(value), device=array_api_compat.device(like))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: _like_caller(getattr(value, f.name), like) for f in dataclasses.fields(value) if f.init}
        return dataclasses.replace(value, **fields)
    if isinstance(value, Mapping):
        return {key: _like_caller(item, like) for key, item in value.items()}
    return _each(lambda item: _like_caller(item, like), value) if isinstance(value, (list, tuple)) else value


# --- kernels ---------------------------------------------------------------------------------------------------------


@overload
def kernel(function: Callable[..., Any]) -> Any: ...
@overload
def kernel(**options: Any) -> Callable[[Callable[..., Any]], Any]: ...


def kernel(function: Any = None, **options: Any) -> Any:
    """Numba's ``njit(cache=True)``, compiled as `linked` does, with a cache that notices edits in all of the system.

    Numba compares only the file of the kernel itself, so an edited callee in another file would go unseen. Here the
    compiled code lies in a folder named by the digest of the system's sources; folders of old digests are removed.
    Options are those of ``njit``, and ``whole`` of `linked`.
    """
    if function is None:
        return functools.partial(kernel, **options)
    with _cache_folder(Path(inspect.getfile(function)).resolve()):
        return linked(function, plain=PLAIN, **options)


#: `kernel` for functions that allocate no array: they are compiled without the reference counts that such arrays need,
#: which in loops over tuples of arrays take longer than the arithmetic
flat = functools.partial(kernel, _nrt=False, error_model="numpy", no_cfunc_wrapper=True)


def specialized(function: Any, *arguments: Any) -> Callable[..., Any] | None:
    """The compiled code of a kernel for arguments of exactly these types; None where the kernel is not compiled.

    A kernel looks at the types of its arguments at every call, which takes 5 microseconds for thirty arrays in tuples.
    This code does not: it must be called with arguments of the same types alone.
    """
    if not isinstance(function, Dispatcher):
        return None
    code: Callable[..., Any] = function.compile(tuple(numba.typeof(argument) for argument in arguments))
    return code


def interpreted(module: ModuleType, **replaced: Any) -> SimpleNamespace:
    """The kernels of a module as plain Python: for Fractions, for numbers that count, for objects that answer.

    Parameters
    ----------
    module : module
        Module whose kernels, and those that it imports by name, are interpreted.
    **replaced
        Other things under names that the kernels use.

    Returns
    -------
    SimpleNamespace
        All names of the module, kernels interpreted; they see each other and what was replaced.
    """
    names = {**vars(module), **replaced}
    for name, value in vars(module).items():
        body = getattr(value, "py_func", None)
        if body is None or name in replaced:
            continue
        if body.__module__ == module.__name__:
            names[name] = FunctionType(body.__code__, names, body.__name__, body.__defaults__)
        else:  # it sees the names of its own module
            names[name] = getattr(interpreted(sys.modules[body.__module__], **replaced), body.__name__)
    return SimpleNamespace(**names)


@functools.cache
def source_digest(*sources: Path, also: str = "") -> str:
    """A short digest of Python sources, and of all in folders, by name and content, and of a text."""
    digest = hashlib.sha256(also.encode())
    for source in sources:
        for path in sorted(source.rglob("*.py")) if source.is_dir() else [source]:
            digest.update(path.relative_to(source.parent).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


@contextmanager
def _cache_folder(path: Path) -> Iterator[None]:
    before = numba.config.CACHE_DIR
    if not before:  # a folder that the user chose through NUMBA_CACHE_DIR stays theirs
        numba.config.CACHE_DIR = str(_digest_folder(_system_folder(path)))
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before


def _system_folder(path: Path) -> Path:
    """The folder of the system that a file belongs to, since kernels of one room call those of another."""
    parts = path.relative_to(PACKAGES).parts if path.is_relative_to(PACKAGES) else ()
    return PACKAGES.joinpath(*parts[:2]) if len(parts) > 2 else path.parent


@functools.cache
def _digest_folder(folder: Path) -> Path:
    """The cache folder of the kernels of a system; compiled mutants among the checks call kernels of the solvers."""
    core = PACKAGES / "lrtheory"
    # sorted, since the order of a set of paths differs from process to process, and so would the digest
    systems = sorted(f for f in {folder, core / folder.name} if f.is_dir() and f != core)
    shared = core.glob("_kernels")  # kernels of the systems call them; empty where a wheel has been taken apart
    digest = source_digest(*systems, *shared)
    home = _writable(folder / "__pycache__")
    kind = "plain-kernels" if PLAIN else "kernels"
    current = home / f"{kind}-{folder.name}-{digest}"
    for old in home.glob(f"{kind}-{folder.name}-*"):
        if old != current:
            shutil.rmtree(old, ignore_errors=True)
    return current


def _writable(folder: Path) -> Path:
    """The folder itself, or one of the user's own where a system-wide installation is read-only."""
    try:
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        return Path(base) / "lrtheory" / name
