"""What was tried, over several seeds: each study with every run, and its pictures by role."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from artifact.manifest import FindingName, Part
from artifact.study import (
    Protocol,
    Reported,
    StoredStudy,
    StudyFigure,
    StudyPair,
    Summary,
    WholeStudy,
    reported,
)
from service.api.evidence import cached
from service.api.parameters import NOT_READY, PICTURE, UNCHANGED, KnownTags, Responses
from service.api.schemas import Detail
from service.state import service_of

_NOT_FOUND: Final[Responses] = {
    404: {"model": Detail, "description": "No such study, or it has no such figure."}
}

router = APIRouter(tags=["studies"], responses=NOT_READY)

StudyName = Annotated[str, Path(description="Of a study; `GET /studies` lists them.")]
Figure = Annotated[StudyFigure, Path(description="Of the picture.", examples=["accuracy"])]


class ArmHeadline(Part):
    """One choice, over its seeds."""

    label: str
    seeds: int
    parameters: int
    test_accuracy: Summary
    findings: dict[FindingName, int] = Field(description="In how many of the runs.")
    reported: Reported | None = Field(
        description="What the seed report, from before this project, says of it; null for nothing."
    )


class StudyHeadline(Part):
    """What a study asks, and how its arms do."""

    name: str
    question: str
    protocol: Protocol = Field(description="Whose defaults the arms change.")
    dataset: str
    arms: list[ArmHeadline] = Field(description="In the order of the question.")
    pairs: list[StudyPair] = Field(description="Every two arms, and whether they differ.")
    missing: int = Field(description="Runs that were planned and have no result.")
    link: str = Field(description="The whole study, with every run.")
    figures: dict[StudyFigure, str] = Field(description="Links, by role.")


class StudyList(Part):
    """Every stored study, names in order."""

    studies: list[StudyHeadline]


@router.get("/studies")
async def list_studies(request: Request) -> StudyList:
    """List every stored study: its question, its arms, and which of them differ."""
    studies = service_of(request).studied()
    return StudyList(studies=[_headline(request, stored) for stored in studies])


# Not a coroutine: reading the runs' files belongs in a thread.
@router.get("/studies/{study}", response_model=WholeStudy, responses=_NOT_FOUND)
def get_study(request: Request, study: StudyName) -> Response:
    """Give a study whole: its base, its arms, its pairs, and every run with its config."""
    whole = service_of(request).studied().get(study).whole()
    return Response(whole.model_dump_json(), media_type="application/json")


@router.get(
    "/studies/{study}/figures/{figure}.png",
    response_class=Response,
    responses={**_NOT_FOUND, **PICTURE, **UNCHANGED},
)
def get_study_figure(
    request: Request, study: StudyName, figure: Figure, known: KnownTags
) -> Response:
    """Draw a study: accuracy by arm, learning curves, what accuracy costs, confusion."""
    return cached(service_of(request).studied().get(study).figure(figure), known)


def _headline(request: Request, stored: StoredStudy) -> StudyHeadline:
    study = stored.study
    link = f"{request.scope.get('root_path', '')}/studies/{study.name}"
    return StudyHeadline(
        name=study.name,
        question=study.question,
        protocol=study.protocol,
        dataset=str(study.base["dataset"]),
        arms=[
            ArmHeadline(
                label=arm.label,
                seeds=len(arm.runs),
                parameters=arm.parameters,
                test_accuracy=arm.test_accuracy,
                findings=arm.findings,
                reported=reported(study.name, arm.label),
            )
            for arm in study.arms
        ],
        pairs=list(study.pairs),
        missing=len(study.missing),
        link=link,
        figures={role: f"{link}/figures/{role}.png" for role in study.figures},
    )
