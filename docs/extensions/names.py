"""Names in backticks lead to what they name: functions, methods, fields of classes, and statements.

Sphinx finds what is named in full or stands beside the place where it is named. Here is found as well what is named by
its short path (``theory.samples_needed`` in a text about a system, ``alpha_rank.elo`` in a notebook) and statements by
their ids. A parameter of the function that a docstring describes is no link, even where a function has its name.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode

__all__ = ["find", "parameters", "places", "setup"]

PACKAGE = "lrtheory"
#: where what belongs to a system may stand
ROOMS = ("", "theory.", "baselines.", "problem.")
_STATEMENT = re.compile(r"(?:\b([a-z]\w*)/)?\b([A-Z]{2,3}-[A-Z]+\d*\w*(?:-\w+)*)\b")
_TYPE = re.compile(r"\b[A-Z]\w*[a-z]\w*\b")
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


def places(name: str, module: str | None) -> Iterator[str]:
    """The full names that a short one may mean in a text about a module, the likeliest first.

    Parameters
    ----------
    name : str
        As it stands in the text, without parentheses.
    module : str or None
        The module that the text is about.

    Yields
    ------
    str
        Full names.
    """
    yield name
    around = (module or "").split(".")
    while around and around[0]:
        yield from (f"{'.'.join(around)}.{room}{name}" for room in ROOMS)
        around.pop()
    yield from (f"{PACKAGE}.{name}", f"{PACKAGE}.bounds.{name}")


def find(name: str, module: str | None, objects: Any) -> tuple[str, Any] | None:
    """The documented object that a name means, or the class that has a field of that name.

    Parameters
    ----------
    name : str
        As it stands in the text.
    module : str or None
        The module that the text is about.
    objects : mapping
        What is documented, by full names.

    Returns
    -------
    tuple or None
        The full name and the entry; None where nothing of that name is documented.
    """
    if not _DOTTED.fullmatch(name):
        return None
    for full in places(name, module):
        if full in objects:
            return full, objects[full]
    owner, dot, field = name.rpartition(".")
    if not dot or field.startswith("_"):
        return None
    for full in places(owner, module):
        if full in objects and objects[full].objtype == "class" and field in _fields(full):
            return full, objects[full]
    return None


def _object(full: str) -> Any:
    """What a full name means, imported; None where it means nothing."""
    try:
        return pkgutil.resolve_name(full)
    except (ImportError, AttributeError, ValueError):
        return None


def _fields(full: str) -> set[str]:
    cls = _object(full)
    return set(getattr(cls, "__dataclass_fields__", ())) | set(dir(cls))


def parameters(full: str) -> set[str]:
    """The names of the parameters of a function or class, and of the fields of a class."""
    value = _object(full)
    names = set(getattr(value, "__dataclass_fields__", ()))
    try:
        return names | set(inspect.signature(value).parameters)
    except (TypeError, ValueError):
        return names


def returns(full: str) -> str:
    """The annotation of what a function returns, if it is one name."""
    annotation = getattr(_object(full), "__annotations__", {}).get("return", "")
    return annotation if isinstance(annotation, str) and annotation.isidentifier() else ""


# --- in the pages ----------------------------------------------------------------------------------------------------


def _module_of(docname: str) -> str | None:
    """The system that a page is about, by its place."""
    folder, _, rest = docname.partition("/")
    system = rest.partition("/")[0]
    about = folder in ("papers", "notebooks", "api", "evidence") and hasattr(importlib.import_module(PACKAGE), system)
    return f"{PACKAGE}.{system}" if about and system.isidentifier() else None


def _without_parameters(app: Sphinx, doctree: nodes.document) -> None:
    """In the description of a function its parameters are literals."""
    for described in doctree.findall(addnodes.desc):
        names: set[str] = set()
        for signature in described.findall(addnodes.desc_signature):
            if signature.get("fullname"):
                names |= parameters(f"{signature.get('module')}.{signature['fullname']}")
        for reference in list(described.findall(addnodes.pending_xref)):
            if reference.get("refdomain") == "py" and reference.get("reftype") == "obj":
                if reference["reftarget"] in names and not reference.get("refexplicit"):
                    reference.replace_self(reference.children)


def _link(app: Any, docname: str, name: str, module: str | None, content: nodes.Node) -> nodes.reference | None:
    name = name.strip().removesuffix("()")
    statement = _STATEMENT.fullmatch(name)
    if statement:
        system = statement[1] or (module or "").removeprefix(f"{PACKAGE}.").partition(".")[0]
        label = app.env.domains["std"].anonlabels.get(f"{system}/{statement[2]}".lower())
        return make_refnode(app.builder, docname, label[0], label[1], content) if label else None
    found = find(name, module or _module_of(docname), app.env.domains["py"].objects)
    if found is None:
        return None
    full, entry = found
    return make_refnode(app.builder, docname, entry.docname, entry.node_id, content, full)


def _missing(app: Sphinx, env: Any, node: nodes.Element, content: nodes.Element) -> nodes.reference | None:
    """What Sphinx did not find itself: last of all, a field of what the described function returns."""
    if node.get("refdomain") != "py" or node.get("reftype") not in ("obj", "class", "func", "meth", "attr"):
        return None
    docname, name, module = node.get("refdoc", env.docname), node["reftarget"], node.get("py:module")
    link = _link(app, docname, name, module, content)
    if link is None and (signature := _signature_around(node)) is not None:
        returned = returns(f"{signature.get('module')}.{signature.get('fullname')}")
        link = _link(app, docname, f"{returned}.{name}", module, content) if returned else None
    return link


class NamesInTexts(SphinxPostTransform):
    """Literals that are the path of something documented, ids of statements, and classes among the types of arguments.

    Literals come from Markdown, from notebooks and from double backticks; their names are looked up here, since they
    are no roles.
    """

    default_priority = 12  # after the references of Sphinx

    def run(self, **options: Any) -> None:
        for literal in list(self.document.findall(nodes.literal)):
            if _may_be_path(literal.astext()) and not _within(literal, _NO_LINKS):
                link = self._link(literal.astext(), literal, literal.deepcopy())
                if link is not None:
                    literal.replace_self(link)
        for text in list(self.document.findall(nodes.Text)):
            pattern = _TYPE if isinstance(text.parent, (nodes.classifier, nodes.term)) else _STATEMENT
            if pattern.search(text) and not _within(text, _NO_TEXT):
                text.parent.replace(text, list(self._linked(text, pattern)))

    def _link(self, name: str, node: nodes.Node, content: nodes.Node) -> nodes.reference | None:
        signature = _signature_around(node)
        module = signature.get("module") if signature is not None else _module_of(self.env.docname)
        return _link(self.app, self.env.docname, name, module, content)

    def _linked(self, text: nodes.Text, pattern: re.Pattern[str]) -> Iterator[nodes.Node]:
        """The text in pieces, those that name something as links."""
        whole, done = text.astext(), 0
        for word in pattern.finditer(whole):
            link = self._link(word[0], text, nodes.inline(word[0], word[0]))
            if link is not None:
                yield nodes.Text(whole[done : word.start()])
                yield link
                done = word.end()
        yield nodes.Text(whole[done:])


_NO_LINKS = (nodes.reference, nodes.title, nodes.rubric, addnodes.desc_signature)
_NO_TEXT = (*_NO_LINKS, nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.raw, nodes.comment)


def _may_be_path(text: str) -> bool:
    """Whether a literal may be a name: a word alone may be a variable, with a dot or an underscore it is hardly one."""
    name = text.removesuffix("()")
    return bool(_STATEMENT.fullmatch(name) or (_DOTTED.fullmatch(name) and re.search(r"[._]|[a-z][A-Z]", name)))


def _within(node: nodes.Node, kinds: tuple[type, ...]) -> bool:
    return any(isinstance(one, kinds) for one in _above(node))


def _signature_around(node: nodes.Node) -> addnodes.desc_signature | None:
    """The signature of the function or class in whose description a node stands."""
    described = next((one for one in _above(node) if isinstance(one, addnodes.desc)), None)
    return described.next_node(addnodes.desc_signature) if described is not None else None


def _above(node: nodes.Node) -> Iterable[nodes.Node]:
    while node.parent is not None:
        node = node.parent
        yield node


def setup(app: Sphinx) -> dict[str, bool]:
    """Watch the names."""
    app.connect("doctree-read", _without_parameters)
    app.connect("missing-reference", _missing)
    app.add_post_transform(NamesInTexts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
