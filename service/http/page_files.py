"""The web page: the files of `service/page`, each at a route of its own."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.staticfiles import StaticFiles

PAGE_FOLDER = Path(__file__).parents[1] / "page"


def page_routes(folder: Path = PAGE_FOLDER) -> dict[str, str]:
    """URL path to file name; `index.html` is `/`. Empty where there is no page."""
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    names = [
        path.relative_to(folder).as_posix() for path in files if path.suffix not in (".py", ".pyc")
    ]
    return {"/" if name == "index.html" else f"/{name}": name for name in names}


def add_page(app: FastAPI, routes: dict[str, str], folder: Path = PAGE_FOLDER) -> None:
    """Serve each file at its path.

    A mount at `/` would answer for every path that there is not, and hide which methods others
    take.
    """
    if not routes:
        return
    files = StaticFiles(directory=folder)

    def serve(name: str) -> Callable[[Request], Awaitable[Response]]:
        async def file(request: Request) -> Response:
            return await files.get_response(name, request.scope)

        return file

    for path, name in routes.items():
        app.add_api_route(path, serve(name), methods=["GET", "HEAD"], include_in_schema=False)
