"""What Triton has and this service has not: it says so."""

from fastapi import APIRouter, HTTPException

from service.v2.errors import PREFIX

router = APIRouter(prefix=PREFIX, include_in_schema=False)


@router.api_route("/trace/setting", methods=["GET", "POST"])
@router.api_route("/models/{name}/trace/setting", methods=["GET", "POST"])
async def refuse_traces() -> None:
    """Refuse to tell or to change trace settings."""
    raise HTTPException(501, "trace settings are not supported here")


@router.api_route("/logging", methods=["GET", "POST"])
async def refuse_logging() -> None:
    """Refuse to tell or to change log settings."""
    raise HTTPException(501, "log settings are not supported here; the environment sets them")


@router.api_route("/systemsharedmemory/{rest:path}", methods=["GET", "POST"])
@router.api_route("/cudasharedmemory/{rest:path}", methods=["GET", "POST"])
async def refuse_shared_memory() -> None:
    """Refuse to read tensors from shared memory."""
    raise HTTPException(501, "shared memory is not supported; send tensors in JSON or in bytes")
