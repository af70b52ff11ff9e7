"""JupyterLab's line from server to page, without the wait: ``--ServerApp.kernel_websocket_connection_class``."""

from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    """Sends each message of a kernel to the page at once.

    Otherwise a small message waits until the page has confirmed the one before it (Nagle's algorithm), and every
    new picture comes some 15 ms late.
    """

    def connect(self) -> Any:
        """Open the connection."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()
