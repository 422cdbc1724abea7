"""What a network takes, and how a picture becomes it: the part of a manifest that vision reads."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Preprocess = Literal["digit", "resize"]
Side = Annotated[int, Field(ge=1, le=4096)]
Mean = Annotated[float, Field(ge=-100, le=100)]
Deviation = Annotated[float, Field(ge=1e-4, le=1e4)]


class Input(BaseModel):
    """What the network takes, and how a picture becomes it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    shape: tuple[int, Side, Side] = Field(description="Channels, height, width.")
    mode: Literal["L", "RGB"] = Field(description="Grey or colour.")
    mean: tuple[Mean, ...] = Field(description="Per channel, subtracted after scaling to 0..1.")
    std: tuple[Deviation, ...] = Field(description="Per channel, divided by afterwards.")
    preprocess: Preprocess = Field(
        description="`digit`: find the ink, scale and centre it as MNIST does; `resize`: scale "
        "the whole picture."
    )
    ground: Literal["seen", "white"] = Field(
        "seen",
        description="Behind what is transparent, where the whole picture is scaled: `seen`: what "
        "the ink can best be seen on; `white`: white.",
    )

    @model_validator(mode="after")
    def _channels_agree(self) -> "Input":
        channels = {"L": 1, "RGB": 3}[self.mode]
        if not channels == self.shape[0] == len(self.mean) == len(self.std):
            raise ValueError(
                f"mode {self.mode} has {channels} channels, but shape, mean and std have "
                f"{self.shape[0]}, {len(self.mean)} and {len(self.std)}"
            )
        return self
