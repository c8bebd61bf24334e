"""No module can be reached from itself by imports: each can be read after those it builds on."""

import graphlib

import grimp
import pytest


@pytest.mark.parametrize("package", ["protocol", "common", "server"])
def test_there_is_no_circle(package: str) -> None:
    graph = grimp.build_graph(package, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(imports) > 2
    graphlib.TopologicalSorter(imports).prepare()  # raises `CycleError`, which names the circle
