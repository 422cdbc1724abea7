"""The interactive documentation at /docs and /redoc, with nothing fetched from another host.

Swagger UI and ReDoc come inside the package fastapi-offline. Its pages start them by scripts in the
page itself, which a content security policy rightly refuses; these pages do without.
"""

from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles

from service.v2 import schemas as open_inference

# Addresses are relative, so that they hold below any TANDEM_ROOT_PATH.
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tandem: {title}</title>
<link rel="icon" href="docs/assets/favicon.png">
{head}
</head>
<body>
{body}
</body>
</html>
"""
_SWAGGER_UI: Final = _PAGE.format(
    title="API",
    head='<link rel="stylesheet" href="docs/assets/swagger-ui.css">',
    body='<main id="swagger-ui"></main>\n<script src="docs/assets/swagger-ui-bundle.js"></script>\n'
    '<script src="docs/start.js"></script>',
)
_REDOC: Final = _PAGE.format(
    title="API reference",
    head="",
    body='<redoc spec-url="openapi.json"></redoc>\n'
    '<script src="docs/assets/redoc.standalone.js"></script>',
)
_START: Final = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
});
"""
# Both libraries write styles into their page, and ReDoc searches in a worker.
_POLICY: Final = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; worker-src 'self' blob:; frame-ancestors 'none'",
}

Document = dict[str, Any]  # OpenAPI's, as FastAPI makes it

DESCRIPTION: Final = """
Small image classifiers, each with the evidence that a person needs to choose between them.

Errors answer `{"detail": ...}`: what was wrong, and what is accepted. A model, a version or a
runtime that does not exist is always an error, never a silent default.
"""
TAGS: Final = [
    {"name": "predict", "description": "Pictures in, predictions out."},
    {"name": "models", "description": "Which models there are, and what each is."},
    {"name": "evidence", "description": "Metrics, curves, filters and examples of a model."},
    {"name": "datasets", "description": "The test pictures, each published once."},
    {"name": "comparison", "description": "Every model against every other, by statistics."},
    {"name": "studies", "description": "What was tried, over several seeds, and what is noise."},
    {"name": "benchmark", "description": "Speed and size, recorded and measured now."},
    open_inference.TAG,
    {"name": "health", "description": "Probes, and metrics for Prometheus."},
]

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json")
def openapi(request: Request) -> JSONResponse:  # not a coroutine: making it takes a second
    """Serve the description of every route, with the root path that this request came by."""
    schema = request.app.openapi()
    root_path = request.scope.get("root_path", "").rstrip("/")
    return JSONResponse(schema | ({"servers": [{"url": root_path}]} if root_path else {}))


@router.get("/docs")
async def swagger_ui() -> HTMLResponse:
    """Serve Swagger UI, where every call can be tried."""
    return HTMLResponse(_SWAGGER_UI, headers=_POLICY)


@router.get("/redoc")
async def redoc() -> HTMLResponse:
    """Serve ReDoc, which is made for reading."""
    return HTMLResponse(_REDOC, headers=_POLICY)


@router.get("/docs/start.js")
async def start() -> Response:
    """Serve what starts Swagger UI."""
    return Response(_START, media_type="text/javascript")


def mount_assets(app: FastAPI) -> None:
    """Serve the scripts and styles of both pages."""
    assets = StaticFiles(packages=[("fastapi_offline", "static")])
    app.mount("/docs/assets", assets, name="docs-assets")


def with_examples(schema: Document, examples: dict[str, str]) -> Document:
    """Give every parameter of those names in a path of an OpenAPI schema its example."""
    for path in schema["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path" and parameter["name"] in examples:
                    parameter["example"] = examples[parameter["name"]]
    return schema
