"""The HTTP application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware import Middleware

from ctvos_jobs.settings import Settings
from service.context import open_context
from service.drafts import routes as drafts
from service.health import routes as health
from service.http.auth import Authentication
from service.http.edge import BodyLimit, RequestMetrics, SecurityHeaders
from service.http.openapi import add_openapi
from service.http.page_files import add_page, page_routes
from service.http.problems import add_problem_handlers
from service.jobs import event_stream
from service.jobs import routes as jobs
from service.models import routes as models
from service.results import frame_routes as result_frames
from service.results import routes as results
from service.segment import routes as segment
from service.training import routes as training
from service.videos import routes as videos
from service.webhooks import routes as webhooks

_PUBLIC_PATHS = frozenset(
    {"/healthz", "/readyz", "/openapi.json", "/docs", "/docs/oauth2-redirect"}
)


def create_app(settings: Settings) -> FastAPI:
    """The application; Redis must be there by the time it starts.

    Its lifespan brings the database to its newest version and runs the relay of the outbox and the
    reaper.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_context(settings) as context:
            app.state.context = context
            yield

    pages = page_routes()
    app = FastAPI(
        title="ctvos",
        version=version("ctvos"),
        description="Video object segmentation: one mask in, a mask for every frame out.",
        lifespan=lifespan,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[
            Middleware(SecurityHeaders, page_paths=frozenset(pages)),
            Middleware(RequestMetrics),
            Middleware(Authentication, public_paths=_PUBLIC_PATHS | frozenset(pages)),
            Middleware(BodyLimit),
        ],
    )
    add_problem_handlers(app)
    for module in (
        segment,
        jobs,
        results,
        drafts,
        result_frames,
        event_stream,
        webhooks,
        videos,
        training,
        models,
        health,
    ):
        app.include_router(module.router)
    add_page(app, pages)
    add_openapi(app)
    return app
