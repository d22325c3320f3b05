"""How a check of a stand-in ends a request: with the vendor's refusal."""

from engine.sandbox.call import Reply


class RefusedError(Exception):
    """The request is refused with this reply, and nothing of it is taken."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply)
        self.reply = reply
