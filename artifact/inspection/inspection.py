"""A network opened so that it also tells what its layers make of a picture.

Apart from the one that serves: what has to be told cannot be fused, and takes longer.
"""

import numpy as np

from artifact.inspection.class_map import Floats, Head, NoClassMap, find_head
from artifact.inspection.layers import NetworkLayer, list_layers
from artifact.inspection.onnx_graph import OnnxGraph
from artifact.runtimes.base import Batch, Logits
from artifact.runtimes.onnx import open_session


class Inspection:
    """One network's layers, and their maps of any picture; safe to use from several threads.

    Attributes:
        layers: From input to output.
        head: What is behind the last maps; or in words why no class map is exact.
    """

    def __init__(self, model: bytes, shape: tuple[int, int, int]) -> None:
        """Open an ONNX file.

        Args:
            model: Its bytes.
            shape: Channels, height and width of its input.

        Raises:
            BrokenArtifact: It is no such file.
        """
        graph = OnnxGraph(model)
        values = [node.output for node in graph.nodes if node.output != graph.output]
        self._names = [graph.output, *values]
        self._input = graph.input
        self._session = open_session(graph.telling(values))
        computed = self._run(np.zeros((1, *shape), np.float32), self._names)
        shapes = {name: value.shape for name, value in computed.items()} | {
            graph.input: (1, *shape)
        }
        self.layers: tuple[NetworkLayer, ...] = list_layers(graph, shapes)
        self.head: Head | str = _head(graph, shapes)
        self._output = graph.output

    def maps(self, batch: Batch) -> dict[str, Floats]:
        """Compute what every layer makes of a batch [1, C, H, W], by the name of its value."""
        return self._run(batch, [layer.value for layer in self.layers])

    def last_maps(self, batch: Batch) -> tuple[Floats, Logits]:
        """Compute the last maps [N, C, H, W] of a batch [N, C, H, W], and its logits [N, K].

        Raises:
            NoClassMap: There are none that the logits are sums of.
        """
        if isinstance(self.head, str):
            raise NoClassMap(self.head)
        computed = self._run(batch, [self.head.maps, self._output])
        return computed.get(self.head.maps, batch), computed[self._output]

    def _run(self, batch: Batch, names: list[str]) -> dict[str, Floats]:
        told = [name for name in dict.fromkeys(names) if name != self._input]
        computed = self._session.run(told, {self._input: batch})
        return dict(zip(told, computed, strict=True))


def _head(graph: OnnxGraph, shapes: dict[str, tuple[int, ...]]) -> Head | str:
    try:
        return find_head(graph, shapes)
    except NoClassMap as reason:
        return str(reason)
