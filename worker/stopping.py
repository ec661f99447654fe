"""Why a job's work ends before it is done: none of these is a failure of the work itself."""


class JobStopped(Exception):  # noqa: N818
    """Raised between two frames or steps."""


class Cancelled(JobStopped):
    """Its owner wants it no longer."""


class Superseded(JobStopped):
    """Another worker has it: nothing may be changed any more."""


class WorkerStopping(JobStopped):
    """This process is to end; another will run the job."""


class DeadlineExceeded(JobStopped):
    """It took longer than it may."""
