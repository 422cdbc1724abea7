"""Which runs to compare scores on, and where the report goes."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from artifact.manifest import Name


class DecliningConfig(BaseModel):
    """Which finished runs are asked about pictures that are no digits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: Annotated[tuple[Name, ...], Field(min_length=1)] = Field(
        ("mobilenet-mnist-seed0", "conv-mnist-seed0"), description="Folders of finished runs."
    )
    runs_dir: Path = Field(Path("runs"), description="Where they lie.")
    data_dir: Path = Field(Path("data"), description="Holds the data set that they learnt.")
    outliers: int = Field(500, ge=2, description="Pictures of each kind that is no digit.")
    seed: int = Field(1, ge=0, description="Of these pictures.")
    report: Path = Field(
        Path("docs/REJECTION.md"), description="The report; its figure is put beside it."
    )
