"""The protocol's routes, all under /v2."""

from typing import Final

from fastapi import APIRouter

from service.v2 import infer, models, repository, server, unsupported
from service.v2.documentation import TAG

_ROUTES: Final = (infer, server, models, repository, unsupported)


def _router() -> APIRouter:
    router = APIRouter(tags=[TAG["name"]])
    for routes in _ROUTES:
        router.include_router(routes.router)
    return router


router = _router()
