"""The registry of models."""

from fastapi import APIRouter

from ctvos_jobs import registry
from service.dependencies import Caller, Context
from service.http.problems import Problem, not_found, responses
from service.models.schemas import ModelList, ModelView

router = APIRouter(tags=["models"])


@router.get("/models", operation_id="listModels", responses=responses())
def list_models(context: Context, caller: Caller) -> ModelList:
    """All models: the packaged one first, then by name."""
    with context.database.reading() as session:
        return ModelList(models=[ModelView.of(info) for info in registry.list_models(session)])


@router.get("/models/{name}", operation_id="getModel", responses=responses(404))
def get_model(context: Context, caller: Caller, name: str) -> ModelView:
    """One model: its card, digest and scores."""
    with context.database.reading() as session:
        info = registry.get_model(session, name)
    if info is None:
        raise not_found("model", name)
    return ModelView.of(info)


@router.post("/models/{name}/promote", operation_id="promoteModel", responses=responses(404))
def promote_model(context: Context, caller: Caller, name: str) -> ModelView:
    """Let jobs that ask for no model get this one, from the next on. Needs an administrator."""
    if not caller.admin:
        raise Problem(403, "admin_only", "Only an administrator's key can promote a model.")
    with context.database.session() as session:
        if registry.get_model(session, name) is None:
            raise not_found("model", name)
        return ModelView.of(registry.promote(session, name))
