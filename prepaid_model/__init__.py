"""How mobile internet recharge works: prepaid and postpaid data accounts, charged exactly."""
