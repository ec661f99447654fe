"""What routes ask for by type."""

from typing import Annotated

from fastapi import Depends, Header, Path, Query

from ctvos_jobs.api_keys import Principal
from service.context import ServiceContext, context_of
from service.http.auth import current_principal

Context = Annotated[ServiceContext, Depends(context_of)]
Caller = Annotated[Principal, Depends(current_principal)]
JobId = Annotated[str, Path(description="A job's id.", min_length=1, max_length=64)]
FrameNumber = Annotated[int, Path(ge=0, le=2**31, description="Counted from 0.")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        description="Makes a repetition of the request answer with the job it made first.",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
    ),
]
Prefer = Annotated[
    str | None,
    Header(description="`wait=N`: answer when the job has finished, after N seconds at most."),
]
Limit = Annotated[int, Query(ge=1, le=200, description="Most entries of the page.")]
Cursor = Annotated[
    str | None, Query(max_length=200, description="`next_cursor` of the page before.")
]
