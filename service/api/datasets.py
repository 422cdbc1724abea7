"""The test pictures of each data set, and what each model answered to them."""

from typing import Annotated, Final, Literal

import numpy as np
from fastapi import APIRouter, Path, Query, Request, Response
from numpy.typing import NDArray
from pydantic import Field

from artifact.datasets import DatasetDescription, StoredDataset
from artifact.manifest import Part, Share
from artifact.metrics import Example
from artifact.predictions import Order, Outcome, Predictions
from service.api.evidence import cached, published
from service.api.parameters import (
    NOT_FOUND,
    NOT_READY,
    PICTURE,
    UNCHANGED,
    KnownTags,
    Name,
    Responses,
    VersionChoice,
)
from service.api.schemas import Detail
from service.errors import InvalidField
from service.registry import LoadedModel
from service.state import Service, service_of

_MOST: Final = 2**31
_NO_DATASET: Final[Responses] = {
    404: {"model": Detail, "description": "No such data set, sheet or picture."}
}
_PICTURE: Final = {**_NO_DATASET, **UNCHANGED, **PICTURE}

router = APIRouter(responses=NOT_READY)

DatasetName = Annotated[str, Path(description="Of a data set; `GET /datasets` lists them.")]
Place = Annotated[int, Path(ge=0, lt=_MOST, description="Counted from 0.", examples=[0])]


class OtherAnswer(Part):
    """What another model made of the same test image."""

    predicted: str
    probability: Share = Field(description="Of the predicted label.")


class ComparedExample(Example):
    """One test image and what one or two models made of it."""

    against: OtherAnswer | None = Field(
        None, description="The other model's answer; null where none was asked for."
    )


class PredictionPage(Part):
    """Some of a model's answers to its test pictures."""

    total: int = Field(description="How many pictures there are of what was asked for.")
    dataset: str | None = Field(
        description="Where the pictures are: `GET /datasets/{dataset}/test-pictures/{index}`; "
        "null where they were not published."
    )
    predictions: list[ComparedExample]


class DatasetHeadline(Part):
    """A data set whose test pictures are published."""

    name: str
    title: str = Field(description="As the models' manifests call it.")
    count: int = Field(description="Test pictures.")
    classes: int
    mode: Literal["L", "RGB"] = Field(description="Grey or colour.")
    side: int = Field(description="Height and width of a picture, in pixels.")
    source: str = Field(description="Who made the pictures, and where they are found.")
    licence: str | None = Field(description="Null where only their owner knows.")
    models: list[str] = Field(description="Names of the models that were tested on them.")
    link: str


class DatasetList(Part):
    """Every data set whose test pictures are published, names in order."""

    datasets: list[DatasetHeadline]


class PictureSet(DatasetDescription):
    """The test pictures of a data set, which lie in sheets, row by row."""

    name: str
    count: int
    mode: Literal["L", "RGB"] = Field(description="Grey or colour.")
    side: int = Field(description="Height and width of a picture, in pixels.")
    columns: int = Field(
        description="Pictures in a row, and rows of a full sheet: picture `i` lies on sheet "
        "`i // columns**2`."
    )
    sheets: list[str] = Field(description="Links, in order.")


class PredictionChoice(VersionChoice):
    """Which test pictures, and in which order."""

    true: str | None = Field(None, description="Of this class; unset: of any.")
    predicted: str | None = Field(None, description="Named so by the model; unset: in any way.")
    outcome: Outcome | None = Field(None, description="Whether the model names them rightly.")
    against: str | None = Field(
        None, description="Another model of the same test pictures, in its highest version."
    )
    against_outcome: Outcome | None = Field(
        None, description="Whether that other model names them rightly."
    )
    sort: Order = Field("most-confident", description="By the probability of what was named.")
    offset: int = Field(0, ge=0, le=10**9, description="Pictures to leave out at the beginning.")
    limit: int = Field(100, ge=1, le=1000, description="Most pictures in the answer.")


@router.get("/datasets", tags=["datasets"])
async def list_datasets(request: Request) -> DatasetList:
    """List every data set whose test pictures are published, and the models tested on them."""
    service = service_of(request)
    return DatasetList(datasets=[_headline(request, service, each) for each in service.datasets])


# Not coroutines: long answers, and reading, verifying and cutting a sheet, belong in a thread.
@router.get(
    "/datasets/{dataset}/test-pictures",
    tags=["datasets"],
    response_model=PictureSet,
    responses={**_NO_DATASET, **UNCHANGED},
)
def get_test_pictures(request: Request, dataset: DatasetName, known: KnownTags) -> Response:
    """Say what the test pictures are: labels, size, and the sheets that hold them in rows."""
    stored = service_of(request).datasets.get(dataset)
    told, link = stored.dataset, _link(request, stored)
    pictures = PictureSet(
        **told.model_dump(exclude={"schema_version", "sheets"}),
        count=len(told),
        sheets=[f"{link}/sheets/{number}.png" for number in range(len(told.sheets))],
    )
    return _answer(pictures, known)


@router.get(
    "/datasets/{dataset}/test-pictures/sheets/{sheet}.png",
    tags=["datasets"],
    response_class=Response,
    responses=_PICTURE,
)
def get_sheet(request: Request, dataset: DatasetName, sheet: Place, known: KnownTags) -> Response:
    """Give one sheet: `columns` pictures in a row, row by row, in the order of the data set."""
    return cached(service_of(request).datasets.get(dataset).sheet(sheet), known)


@router.get(
    "/datasets/{dataset}/test-pictures/{index}",
    tags=["datasets"],
    response_class=Response,
    responses=_PICTURE,
)
def get_test_picture(
    request: Request, dataset: DatasetName, index: Place, known: KnownTags
) -> Response:
    """Give one test picture, which any model can be asked about."""
    return cached(service_of(request).datasets.get(dataset).picture(index), known)


@router.get(
    "/models/{name}/predictions",
    tags=["evidence"],
    response_model=PredictionPage,
    responses={**NOT_FOUND, **UNCHANGED},
)
def list_predictions(
    request: Request,
    name: Name,
    query: Annotated[PredictionChoice, Query()],
    known: KnownTags,
) -> Response:
    """List what a model answered to the test pictures, or to some of them, a page at a time.

    `against` adds what another model answered to the same pictures: `outcome=right` with
    `against_outcome=wrong` are those that only the first one names rightly.
    """
    service = service_of(request)
    model = service.loaded().get(name, query.version)
    answered = published(model, "predictions", model.predictions)
    other = None if query.against is None else _rival(service, model, query.against)
    if other is None and query.against_outcome is not None:
        raise InvalidField(("query", "against_outcome"), "missing", "needs a model in `against`")
    chosen = _chosen(answered, query)
    if other is not None:
        chosen &= other.with_outcome(query.against_outcome)
    places = answered.ordered(chosen, query.sort).tolist()
    stored, disputed = service.datasets.of(model.manifest), _disputed(service, model)
    page = PredictionPage(
        total=len(places),
        dataset=None if stored is None else stored.dataset.name,
        predictions=[
            ComparedExample(
                **answered.example(place, disputed).model_dump(),
                against=None if other is None else _other_answer(other, place),
            )
            for place in places[query.offset : query.offset + query.limit]
        ],
    )
    return _answer(page, known)


def _headline(request: Request, service: Service, stored: StoredDataset) -> DatasetHeadline:
    told = stored.dataset
    models = service.loaded().latest()
    return DatasetHeadline(
        name=told.name,
        title=told.title,
        count=len(told),
        classes=len(told.labels),
        mode=told.mode,
        side=told.side,
        source=told.source,
        licence=told.licence,
        models=[
            model.manifest.name for model in models if service.datasets.of(model.manifest) is stored
        ],
        link=_link(request, stored),
    )


def _link(request: Request, stored: StoredDataset) -> str:
    root = request.scope.get("root_path", "")
    return f"{root}/datasets/{stored.dataset.name}/test-pictures"


def _chosen(answered: Predictions, query: PredictionChoice) -> NDArray[np.bool_]:
    chosen = answered.with_outcome(query.outcome)
    if query.true is not None:
        chosen &= np.array(answered.true) == _class(answered, "true", query.true)
    if query.predicted is not None:
        chosen &= np.array(answered.predicted) == _class(answered, "predicted", query.predicted)
    return chosen


def _class(answered: Predictions, field: str, label: str) -> int:
    if label in answered.labels:
        return answered.labels.index(label)
    known = ", ".join(answered.labels[:20]) + (" ..." if len(answered.labels) > 20 else "")
    raise InvalidField(("query", field), "unknown", f"No such class; the classes are {known}")


def _rival(service: Service, model: LoadedModel, name: str) -> Predictions:
    """What another model answered to the same pictures.

    Raises:
        InvalidField: It was tested on other pictures.
        UnknownModel: There is no such model, or it was published without predictions.
    """
    rival = service.loaded().get(name)
    mine, theirs = (published(each, "predictions", each.predictions) for each in (model, rival))
    first, second = (each.manifest.provenance.split.test_sha256 for each in (model, rival))
    if (first, mine.labels, mine.true) != (second, theirs.labels, theirs.true):
        message = f"{rival} was tested on other pictures than {model}"
        raise InvalidField(("query", "against"), "other-pictures", message)
    return theirs


def _other_answer(other: Predictions, place: int) -> OtherAnswer:
    return OtherAnswer(
        predicted=other.labels[other.predicted[place]], probability=other.probability[place]
    )


def _disputed(service: Service, model: LoadedModel) -> frozenset[int]:
    """Places of the pictures whose label is disputed: as published with them, or by the model."""
    stored = service.datasets.of(model.manifest)
    if stored is not None:
        return frozenset(stored.dataset.disputed)
    wrong = model.examples.wrong if model.examples else ()
    return frozenset(example.index for example in wrong if example.disputed)


def _answer(content: Part, known: set[str]) -> Response:
    return cached(content.model_dump_json().encode(), known, "application/json")
