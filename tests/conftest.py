import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-shapes", action="store_true", help="write the graphs in tests/shapes anew")
