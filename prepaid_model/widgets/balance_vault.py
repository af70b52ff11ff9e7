"""BalanceVault: an account in a real database file; act, and see its rows change, or not."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import ipywidgets as widgets

from prepaid_model.catalogue import catalogue
from prepaid_model.figures import Picture
from prepaid_model.figures.vault import Preview, VaultPicture
from prepaid_model.units import MB, QAR, format_money, format_volume, parse_money
from prepaid_model.vault import BUNDLE, Step, Vault, View
from prepaid_model.widgets.controls import amount, button, slider, switch
from prepaid_model.widgets.experiment import Experiment
from prepaid_model.widgets.vault_tables import CSS, sql_html, tables_html

STATEMENTS = 5
"""A use that a bundle pays for: begin, one entry, the bucket, the account, commit."""
BEGUN = (Step("top up", 25 * QAR), Step("buy"), Step("use", 300 * MB))


class BalanceVault(Experiment[Preview]):
    """A phone and a SIM in the hand, an account in a file: what is where, and what survives what.

    Every press of a button is a step; the steps so far are in ``state["actions"]``. The file lies in a temporary
    folder. It is made anew when the steps go another way (Back, Reset, a scenario), and is gone in the end.

    Examples
    --------
    >>> vault = BalanceVault()
    >>> print(vault.take(Step("new phone"), Step("new SIM")))
    You took another SIM: in the file nothing has changed. QAR 15.00 and 700 MB are on the account, as before.
    """

    title = "Where a balance lives"
    extra_css = CSS
    scenarios: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "A recharge, written down": {"actions": BEGUN},
        "Another phone, another SIM": {"actions": (*BEGUN, Step("new phone"), Step("new SIM"))},
        "Balances deleted": {"actions": (*BEGUN, Step("delete"))},
        "Deleted and rebuilt": {"actions": (*BEGUN, Step("delete"), Step("rebuild"))},
        "Cut off halfway": {"actions": (*BEGUN, Step("use", 200 * MB, cut=3)), "use": 200, "cut": 3, "sql": True},
    }

    def make_controls(self) -> dict[str, Any]:
        """Make what a step needs to know, and the buttons that take the steps."""
        bundle = catalogue().bundles[BUNDLE]
        self._vault: Vault | None = None
        self.top_up_button = self._step("▲ Top up", self._top_up, "money")
        self.buy_button = self._step(f"■ Buy {bundle.name}, {format_money(bundle.price)}", lambda: Step("buy"), "data")
        self.use_button = self._step("▶ Use", lambda: self._use(0))
        self.cut_button = self._step("▶ Use, and stop the program", lambda: self._use(self.controls["cut"].value))
        self.phone_button = self._step("Take another phone", lambda: Step("new phone"))
        self.sim_button = self._step("Take another SIM", lambda: Step("new SIM"))
        self.delete_button = self._step("Delete the balances", lambda: Step("delete"))
        self.rebuild_button = self._step("Rebuild them from the ledger", lambda: Step("rebuild"))
        self.back_button = button("◂ Back")
        self.on_action(self.back_button, lambda: {"actions": self.state["actions"][:-1]})
        return {
            "top_up": amount("Top up, QAR", "25", ["5", "10", "25", "50"]),
            "use": slider("Use, MB", 100, 10, 500, 10),
            "cut": slider("after statement", 3, 1, STATEMENTS),
            "sql": switch("show the SQL"),
        }

    def make_state(self) -> dict[str, Any]:
        """Start with no step taken."""
        return {"actions": ()}

    def make_picture(self) -> Picture[Preview]:
        """Make the picture of hand and system."""
        return VaultPicture()

    def rows(self) -> Sequence[Sequence[widgets.Widget]]:
        """Put money and data, use and its end, and the blows in a row each."""
        controls = self.controls
        return [
            [controls["top_up"], self.top_up_button, self.buy_button],
            [controls["use"], self.use_button, self.cut_button, controls["cut"], controls["sql"]],
            [self.phone_button, self.sim_button, self.delete_button, self.rebuild_button],
        ]

    def head(self) -> Sequence[widgets.Widget]:
        """Put Back at the end of the first row."""
        return [self.back_button]

    def take(self, *steps: Step) -> str:
        """Take steps as if their buttons had been pressed, and return the sentence; if one fails, none is taken."""
        self.act(actions=(*self.state["actions"], *steps))
        return self.sentence

    def run(self, **settings: Any) -> Preview:
        """Bring the file to where the steps lead; go on from where it is, if they begin as it did."""
        actions = tuple(settings["actions"])
        vault = self._vault
        if vault is None or vault.taken != actions[: len(vault.taken)]:
            if vault is not None:
                vault.close()
            vault = self._vault = Vault()
        for step in actions[len(vault.taken) :]:
            vault.take(step)
        return Preview(vault.view, settings["use"] * MB)

    def describe(self, result: Preview) -> str:
        """Say what the latest step did to the file."""
        return tell(result.view)

    def panels(self, result: Preview) -> dict[str, str]:
        """Write the tables, and the SQL if it is to be shown."""
        shown = self.controls["sql"].value
        return {"rows": tables_html(result.view), "statements": sql_html(result.view, shown=shown)}

    def _step(self, words: str, make: Any, meaning: str = "plain") -> widgets.Button:
        made = button(words, meaning)
        self.on_action(made, lambda: {"actions": (*self.state["actions"], make())})
        return made

    def _top_up(self) -> Step:
        return Step("top up", parse_money(self.controls["top_up"].value, "top-up amount"))

    def _use(self, cut: int) -> Step:
        return Step("use", self.controls["use"].value * MB, cut)


def tell(view: View) -> str:
    """Say in words what a step did to the file."""
    if view.step is None:
        return "A new account: a row with nothing in it, and no entry in its ledger."
    if view.stopped:
        return f"You used data, and the program was stopped {_when_stopped(view)} {_stands(view)}"
    done = {
        "top up": "You topped up",
        "buy": "You bought a bundle",
        "use": "You used data",
        "new phone": "You took another phone",
        "new SIM": "You took another SIM",
        "delete": "You deleted the balances",
        "rebuild": "You rebuilt the balances",
    }[view.step.what]
    if view.step.what in ("new phone", "new SIM"):
        return f"{done}: in the file nothing has changed. {_stands(view).removesuffix('.')}, as before."
    if view.step.what == "delete":
        return f"{done}. The {len(view.tables['ledger'])} entries of the ledger are still there."
    if view.step.what == "rebuild":
        return f"{done} by adding up the {len(view.tables['ledger'])} entries of the ledger. {_stands(view)}"
    kinds = [kind for _, _, kind, *_ in view.tables["ledger"][len(view.before["ledger"]) :]]
    if "denied" in kinds:
        done = f"You used {'data until' if 'usage' in kinds else 'no data, as'} no bundle pays for it"
    entries = "1 entry and the rows that follow from it" if len(kinds) == 1 else f"{len(kinds)} entries and their rows"
    return f"{done}: {entries}, in one transaction. {_stands(view)}"


def _when_stopped(view: View) -> str:
    after = f"after statement {len(view.statements)}"
    if view.written:
        return f"{after}, COMMIT. All of it is there."
    return f"{after}, before COMMIT. Nothing of it is there."


def _stands(view: View) -> str:
    if view.credit is None or view.data is None:
        return "No balance is there."
    return f"{format_money(view.credit)} and {format_volume(view.data)} are on the account."
