"""Dependencies point one way: training -> artifact <- service."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FORBIDDEN = {
    "artifact": {"service", "training", "fastapi", "starlette", "torch", "torchvision"},
    "service": {"training", "torch", "torchvision"},
    "training": {"service", "fastapi", "starlette"},
}
MAY_IMPORT_TORCH = ROOT / "artifact" / "torchscript.py"


def imported_packages(source: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the direction"
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("package", FORBIDDEN)
def test_package_imports_only_what_it_may(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    for file in files:
        allowed = {"torch"} if file == MAY_IMPORT_TORCH else set()
        found = imported_packages(file.read_text()) & FORBIDDEN[package] - allowed
        assert not found, f"{file.relative_to(ROOT)} imports {', '.join(sorted(found))}"


def test_imports_inside_functions_are_seen() -> None:
    source = "def f():\n    import torch.jit\n    from service.app import create_app\n"
    assert imported_packages(source) == {"torch", "service"}
