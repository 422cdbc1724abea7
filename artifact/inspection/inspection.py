"""A network opened so that it also tells what its layers make of a picture.

Apart from the one that serves: what has to be told cannot be fused, and takes longer.
"""

from collections.abc import Iterable

import numpy as np

from artifact.inspection.class_map import Floats, Head, NoClassMap, find_head, linear_layer
from artifact.inspection.layers import NetworkLayer, list_layers
from artifact.inspection.onnx_graph import OnnxGraph
from artifact.runtimes.base import Batch, Logits
from artifact.runtimes.onnx import open_session


class Inspection:
    """One network's layers, and their maps of any picture; safe to use from several threads.

    Attributes:
        layers: From input to output.
        head: What is behind the last maps; or in words why no class map is exact.
        output: Name of the logits among the values.
    """

    def __init__(self, model: bytes, shape: tuple[int, int, int]) -> None:
        """Open an ONNX file.

        Raises:
            BrokenArtifact: It is no such file.
        """
        graph = OnnxGraph(model)
        values = [node.output for node in graph.nodes]
        self._input, self.output = graph.input, graph.output
        self._session = open_session(
            graph.telling([each for each in values if each != graph.output])
        )
        computed = self.compute(np.zeros((1, *shape), np.float32), values)
        shapes = {name: value.shape for name, value in computed.items()}
        self.layers: tuple[NetworkLayer, ...] = tuple(list_layers(graph, shapes))
        self._features: str | None = None
        self.head: Head | str
        try:
            self._features = linear_layer(graph)[0]
            self.head = find_head(graph, shapes)
        except NoClassMap as reason:
            self.head = str(reason)

    def compute(self, batch: Batch, values: Iterable[str]) -> dict[str, Floats]:
        """Compute values of a batch [N, C, H, W], by name; it and the logits are always told."""
        told = list({self.output, *values} - {self._input})
        computed = self._session.run(told, {self._input: batch})
        return {self._input: batch, **dict(zip(told, computed, strict=True))}

    def features(self, batch: Batch) -> tuple[Floats, Logits]:
        """Compute what the linear layer takes of a batch, [N, D], and the logits, [N, K].

        Raises:
            NoClassMap: The last layer is no linear one.
        """
        if self._features is None:
            raise NoClassMap(str(self.head))
        values = self.compute(batch, [self._features])
        return values[self._features], values[self.output]
