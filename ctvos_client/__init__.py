"""A client of the service's HTTP interface, for Python programs: needs httpx and nothing else.

```python
from ctvos_client import Client, Mask

with Client("http://127.0.0.1:8000") as client:
    job = client.submit("clip.mp4", [Mask("mask.png")])
    client.wait(job.id).raise_for_status()
    client.download_masks(job.id, "masks")
```

`AsyncClient` has the same methods, to be awaited. Whatever the service refuses, and its absence, is
a `ServiceError` with a stable code.
"""

from ctvos_client.clients import AsyncClient, Client
from ctvos_client.errors import ServiceError
from ctvos_client.forms import Mask
from ctvos_client.models import Confidence, Job, JobError, JobPage, Output, Progress

__all__ = [
    "AsyncClient",
    "Client",
    "Confidence",
    "Job",
    "JobError",
    "JobPage",
    "Mask",
    "Output",
    "Progress",
    "ServiceError",
]
