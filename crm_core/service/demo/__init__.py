"""The demo firm: believable clients to try the program on, removed in one click."""

from crm_core.service.demo.firm import demo_batch, make_demo, remove_demo

__all__ = ["demo_batch", "make_demo", "remove_demo"]
