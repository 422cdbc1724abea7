"""What to evaluate, and on what."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from artifact.manifest import RuntimeId, Version


class ExaminationConfig(BaseModel):
    """Which models are examined, on which pictures, and where the results go."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: tuple[str, ...] = Field(
        (), description="Names of published models; by default all of them."
    )
    version: Version | None = Field(
        None, description="Of each of these models; by default its highest."
    )
    runtime: RuntimeId = Field("onnx", description="What executes the models.")
    models_dir: Path = Field(Path("models"), description="The model repository.")
    pictures: Path | None = Field(
        None,
        description="A folder of anybody's pictures: with an index.csv (columns file, label and, "
        "if there is one, source), or with one folder for each label.",
    )
    digits: int = Field(
        1797,
        ge=0,
        le=1797,
        description="How many of scikit-learn's digits, enlarged to ink on paper; 0 leaves them "
        "out.",
    )
    corruptions: int = Field(
        1000,
        ge=0,
        le=10_000,
        description="How many of MNIST's test images, as they are and corrupted in each of "
        "MNIST-C's fifteen ways; 0 leaves them out.",
    )
    data_dir: Path = Field(
        Path("data"),
        description="Holds MNIST in torchvision's layout, or it is downloaded to there.",
    )
    seed: int = Field(0, ge=0, description="Of the draw of digits and images, and of corruption.")
    output: Path = Field(
        Path("evaluation"), description="Folder for evaluation.json, contact sheets and figures."
    )
