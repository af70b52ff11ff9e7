"""The parts of the store; `prepaid_model.store` puts them together.

`schema.sql` is what the database refuses by itself; `files` opens and creates the file; `parts` and `codec` say
what an account is made of and how that is written down; `rows` chains the entries; `rebuilding` works everything
out anew from the entries; `kept` is the account that saves what it does; `saving` reads and writes it.
"""


class StoreError(Exception):
    """The store cannot do what was asked: it is busy, full, damaged, or no store; nothing has been changed.

    Examples
    --------
    >>> print(StoreError("accounts.db", "is no store: it is no SQLite file"))
    accounts.db: is no store: it is no SQLite file
    """

    def __init__(self, store: str, problem: str) -> None:
        super().__init__(store, problem)
        self.store = store
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.store}: {self.problem}"


class Damaged(Exception):
    """What was read is not what had been written."""
