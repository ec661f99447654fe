"""The store of footage to train on."""

from fastapi import APIRouter, Request, Response

from ctvos_jobs import videos
from service.dependencies import Caller, Context, Cursor, Limit
from service.http.openapi import VIDEO_BODY
from service.http.problems import not_found, responses
from service.jobs.service import owner
from service.videos.schemas import VideoPage, VideoView
from service.videos.service import store_video

router = APIRouter(tags=["training"])


@router.post(
    "/videos",
    operation_id="addVideo",
    status_code=201,
    openapi_extra=VIDEO_BODY,
    responses={
        201: {
            "description": "The video is stored.",
            "headers": {"Location": {"schema": {"type": "string"}}},
        },
        **responses(408, 413, 415, 507),
    },
)
async def add_video(
    request: Request, response: Response, context: Context, caller: Caller
) -> VideoView:
    """Store a video; it needs no masks."""
    video = await store_video(context, caller, request)
    response.headers["Location"] = f"/videos/{video.id}"
    return VideoView.of(video)


@router.get("/videos", operation_id="listVideos", responses=responses())
def list_videos(
    context: Context, caller: Caller, limit: Limit = 50, cursor: Cursor = None
) -> VideoPage:
    """Videos, newest first."""
    with context.database.reading() as session:
        found, following = videos.list_videos(
            session, key_id=owner(caller), limit=limit, cursor=cursor
        )
    return VideoPage(videos=[VideoView.of(video) for video in found], next_cursor=following)


@router.get("/videos/{video_id}", operation_id="getVideo", responses=responses(404))
def get_video(context: Context, caller: Caller, video_id: str) -> VideoView:
    """One video."""
    with context.database.reading() as session:
        video = videos.get_video(session, video_id, owner(caller))
    if video is None:
        raise not_found("video", video_id)
    return VideoView.of(video)


@router.delete(
    "/videos/{video_id}", operation_id="deleteVideo", status_code=204, responses=responses(404)
)
def delete_video(context: Context, caller: Caller, video_id: str) -> None:
    """Delete a video; models that were trained on it stay."""
    with context.database.session() as session:
        if not videos.delete_video(session, context.store, video_id, owner(caller)):
            raise not_found("video", video_id)
