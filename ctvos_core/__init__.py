"""The science of ctvos, usable as a library; knows nothing of the web, queues or databases."""
