"""What filters.json says: every convolution layer of a network, and which of them are drawn."""

from typing import Annotated, Literal

from pydantic import Field

from artifact.manifest import Part

Size = Annotated[int, Field(ge=1)]
LayerKind = Literal["standard", "depthwise", "pointwise"]
FilterFigure = Literal["filters_first", "filters_last"]


class FilterLayer(Part):
    """One convolution layer."""

    name: str = Field(description="Of the module, as the eager network knows it.")
    kind: LayerKind = Field(
        description="`depthwise`: one filter a channel; `pointwise`: 1x1, mixes channels only; "
        "`standard`: both at once."
    )
    shape: tuple[Size, Size, Size, Size] = Field(
        description="Of the weight: output channels, input channels that each of them reads, "
        "kernel height, kernel width."
    )
    figure: FilterFigure | None = Field(description="The figure that draws it; null where none.")


class Filters(Part):
    """The whole of filters.json."""

    layers: tuple[FilterLayer, ...] = Field(description="From input to output.")
