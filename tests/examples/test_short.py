"""The examples that show a whole task are short."""

import ast
from pathlib import Path

import pytest


@pytest.mark.parametrize("name", ["demand", "engineer"])
def test_main_is_short(load, name):
    (main,) = (
        node
        for node in ast.parse(Path(load(name).__file__).read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name == "main"
    )
    statements = [node for node in ast.walk(main) if isinstance(node, ast.stmt)]
    # Without main itself and its docstring.
    assert len(statements) - 2 <= 24
