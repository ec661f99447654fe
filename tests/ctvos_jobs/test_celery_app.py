"""What the queue promises."""

from ctvos_jobs.celery_app import make_celery
from ctvos_jobs.settings import Settings, load_settings


def test_the_broker_is_that_of_the_settings(settings: Settings) -> None:
    embedded = make_celery(settings).conf.broker_url
    assert embedded == f"redis+socket://{settings.data_dir}/redis/redis.sock"
    other = load_settings(redis_url="redis://:pw@redis:6379/0")
    assert make_celery(other).conf.broker_url == "redis://:pw@redis:6379/0"


def test_no_message_is_handed_out_twice_while_its_job_may_still_run(settings: Settings) -> None:
    conf = make_celery(settings).conf
    limits = [options["time_limit"] for options in conf.task_annotations.values()]
    assert conf.broker_transport_options["visibility_timeout"] > max(limits)
    assert conf.task_annotations["ctvos.segment"]["time_limit"] > settings.job_deadline_seconds
    assert conf.task_annotations["ctvos.train"]["time_limit"] > settings.train_deadline_seconds


def test_nothing_but_json_is_taken(settings: Settings) -> None:
    assert make_celery(settings).conf.accept_content == ["json"]
