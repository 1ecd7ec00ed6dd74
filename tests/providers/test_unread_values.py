"""Every attribute of every wire class: a value of a wrong type refuses the answer, or is counted by where it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import inspect

from unibatch.core.flow import Response
from unibatch.core.paging import Page
from unibatch.core.provider import Provider
from unibatch.core.structuring import StructureError, Wire
from unibatch.providers import registry, talkifai, techladder, truedy

MODULES = (truedy, techladder, talkifai)
ANSWERS = [
    pytest.param(module, cls, id=f"{module.__name__.rpartition('.')[2]} {name}")
    for module in MODULES
    for name, cls in vars(module).items()
    if isinstance(cls, type) and issubclass(cls, Wire) and cls.__module__ == module.__name__
]

EXAMPLES: dict[type[inspect.Type], Any] = {
    inspect.StrType: "text",
    inspect.IntType: 3,
    inspect.FloatType: 3.5,
    inspect.BoolType: True,
    inspect.DecimalType: "3.50",
    inspect.DateTimeType: "2026-03-05T08:00:00Z",
}
STRUCTURED = (inspect.StructType, inspect.DictType)


def kind_of(kind: inspect.Type) -> inspect.Type:
    """The first type of a union."""
    if not isinstance(kind, inspect.UnionType):
        return kind
    return next(one for one in kind.types if not isinstance(one, inspect.NoneType))


def example(kind: inspect.Type) -> Any:
    """A value of a type, with all attributes that it can have."""
    kind = kind_of(kind)
    if isinstance(kind, inspect.StructType):
        return {field.encode_name: example(field.type) for field in inspect.type_info(kind.cls).fields}  # type: ignore[attr-defined]  # a struct has them
    if isinstance(kind, inspect.ListType):
        return [example(kind.item_type)]
    if isinstance(kind, inspect.DictType):
        return {"completed": example(kind.value_type)}
    return EXAMPLES[type(kind)]


def places(kind: inspect.Type, at: str = "$") -> Iterator[tuple[str, bool, Any]]:
    """Every attribute: its path, whether it must be readable, and a value that it cannot have."""
    kind = kind_of(kind)
    if isinstance(kind, inspect.ListType):
        yield from places(kind.item_type, f"{at}[0]")
    elif isinstance(kind, inspect.DictType):
        yield f"{at}.completed", False, ["odd"]
    elif isinstance(kind, inspect.StructType):
        strict = getattr(kind.cls, "strict", ())
        for field in inspect.type_info(kind.cls).fields:  # type: ignore[attr-defined]  # a struct has them
            path = f"{at}.{field.encode_name}"
            odd: Any = ["odd"] if isinstance(kind_of(field.type), STRUCTURED) else {"odd": 1}
            yield path, field.required or field.encode_name in strict, odd
            yield from places(field.type, path)


def replaced(document: Any, path: str, value: Any) -> bytes:
    copy = json.loads(json.dumps(document))
    *steps, last = [int(index) if index else key for key, index in re.findall(r"\.(\w+)|\[(\d+)\]", path)]
    inside = copy
    for step in steps:
        inside = inside[step]
    inside[last] = value
    return json.dumps(copy).encode()


@pytest.mark.parametrize(("module", "cls"), ANSWERS)
def test_a_value_of_a_wrong_type_is_refused_or_counted_by_its_path(module: Any, cls: type[Wire]) -> None:
    kind = inspect.type_info(cls)
    document = example(kind)
    assert read(provider_of(module), json.dumps(document).encode(), cls) == {}
    for path, must_be_read, odd in places(kind):
        content = replaced(document, path, odd)
        if must_be_read:
            with pytest.raises(StructureError) as caught:
                read(provider_of(module), content, cls)
            assert caught.value.path == path
        else:
            assert read(provider_of(module), content, cls) == {re.sub(r"\[0\]", "[]", path): 1}


def provider_of(module: Any) -> Provider:
    return registry.load(module.__name__.rpartition(".")[2])({})


def read(provider: Provider, content: bytes, cls: type[Wire]) -> dict[str, int]:
    """What could not be read in an answer, by its path."""
    page: Page[Any] = provider.read_answer(Response(status=200, content=content), cls, lambda _: Page(items=[]))
    return dict(page.unread)
