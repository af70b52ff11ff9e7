-- Accounts of a charging system. Money is whole micros, volume whole bytes, time Qatar's clock on the wall.
--
-- The ledger is the truth: entries are added, never changed, never taken away. Balances, buckets and holds follow
-- from it; they are kept as tables of their own, so that nobody has to add up a year to charge a megabyte.

CREATE TABLE accounts (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    name     TEXT    NOT NULL UNIQUE CHECK (name <> ''),
    kind     TEXT    NOT NULL CHECK (kind IN ('prepaid', 'postpaid')),
    settings TEXT    NOT NULL CHECK (json_valid(settings)),  -- what was agreed, and what its owner has chosen
    clock    TEXT    NOT NULL,                               -- the latest moment it has seen
    version  INTEGER NOT NULL CHECK (version >= 1),          -- one more with every change
    entries  INTEGER NOT NULL CHECK (entries >= 0),          -- how many there are in the ledger
    head     BLOB    NOT NULL CHECK (length(head) = 32),     -- hash of the last of them
    seal     BLOB    NOT NULL CHECK (length(seal) = 32)      -- SHA-256 of this row
) STRICT;

CREATE TABLE ledger (
    account   INTEGER NOT NULL REFERENCES accounts (id),
    id        INTEGER NOT NULL CHECK (id >= 1),
    at        TEXT    NOT NULL CHECK (at GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9]*'),
    kind      TEXT    NOT NULL CHECK (kind IN (
        'top up', 'refund', 'loan', 'transfer in', 'adjustment', 'bundle', 'usage', 'fee', 'transfer out', 'expired',
        'loan repaid', 'grant', 'rolled in', 'rolled out', 'denied', 'status', 'overdraft', 'hold', 'release',
        'uncollected', 'renewal', 'payment', 'credit note', 'write off', 'rounding', 'invoice', 'reminder', 'consent')),
    money     INTEGER NOT NULL,            -- change of the main balance
    volume    INTEGER NOT NULL,            -- change of a bucket
    bucket    INTEGER NOT NULL,            -- the entry that granted it; 0 for the main balance
    quantity  INTEGER NOT NULL CHECK (quantity >= 0),
    balance   INTEGER NOT NULL,            -- main balance after the entry
    left      INTEGER NOT NULL CHECK (left >= 0),  -- bucket after the entry
    operation INTEGER NOT NULL,            -- first entry of what belongs together
    reverses  INTEGER NOT NULL CHECK (reverses >= 0 AND reverses < id),
    key       TEXT    CHECK (key <> ''),   -- once, and only once
    note      TEXT,
    terms     TEXT    CHECK (terms IS NULL OR json_valid(terms)),
    hash      BLOB    NOT NULL CHECK (length(hash) = 32),  -- SHA-256 of the hash before it and of this row
    PRIMARY KEY (account, id),
    UNIQUE (account, key),
    FOREIGN KEY (account, operation) REFERENCES ledger (account, id),
    CHECK (operation BETWEEN 1 AND id),
    CHECK (bucket BETWEEN 0 AND id),
    CHECK (bucket <> id OR kind IN ('grant', 'rolled in', 'transfer in')),
    CHECK (money <= 0 OR kind IN ('top up', 'refund', 'loan', 'transfer in', 'adjustment', 'payment', 'credit note',
                                  'write off', 'rounding')),
    CHECK (money >= 0 OR kind IN ('adjustment', 'bundle', 'usage', 'fee', 'transfer out', 'expired', 'loan repaid',
                                  'rounding')),
    CHECK (volume <= 0 OR kind IN ('grant', 'refund', 'rolled in', 'transfer in')),
    CHECK (volume >= 0 OR kind IN ('usage', 'expired', 'rolled out', 'transfer out'))
) STRICT, WITHOUT ROWID;

CREATE INDEX ledger_of_bucket ON ledger (account, bucket, id) WHERE bucket > 0;
CREATE INDEX ledger_overdrafts ON ledger (account) WHERE kind = 'overdraft';

CREATE TABLE balances (
    account INTEGER PRIMARY KEY REFERENCES accounts (id),
    balance INTEGER NOT NULL,
    status  TEXT    NOT NULL CHECK (status IN ('active', 'suspended', 'grace', 'expired', 'barred', 'closed')),
    more    TEXT    NOT NULL CHECK (json_valid(more))  -- what only this kind of account has
) STRICT;

CREATE TABLE buckets (
    account INTEGER NOT NULL,
    id      INTEGER NOT NULL,
    name    TEXT    NOT NULL,
    left    INTEGER NOT NULL CHECK (left >= 0),
    expires TEXT    NOT NULL,
    renews  INTEGER NOT NULL CHECK (renews IN (0, 1)),
    PRIMARY KEY (account, id),
    FOREIGN KEY (account, id) REFERENCES ledger (account, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE holds (
    account   INTEGER NOT NULL,
    operation INTEGER NOT NULL,  -- the session that holds
    bucket    INTEGER NOT NULL CHECK (bucket >= 0),
    amount    INTEGER NOT NULL CHECK (amount > 0),  -- bytes of a bucket; micros for bucket 0, the main balance
    PRIMARY KEY (account, operation, bucket),
    FOREIGN KEY (account, operation) REFERENCES ledger (account, id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER accounts_stay BEFORE DELETE ON accounts
BEGIN SELECT RAISE(ABORT, 'an account is never taken away'); END;

CREATE TRIGGER accounts_go_forward BEFORE UPDATE ON accounts
WHEN NEW.id <> OLD.id OR NEW.name <> OLD.name OR NEW.kind <> OLD.kind
    OR NEW.version <= OLD.version OR NEW.entries < OLD.entries OR NEW.clock < OLD.clock
BEGIN SELECT RAISE(ABORT, 'an account keeps its name, and its clock never runs back'); END;

CREATE TRIGGER ledger_never_changes BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'an entry is never changed, only reversed'); END;

CREATE TRIGGER ledger_stays BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'an entry is never taken away'); END;

CREATE TRIGGER ledger_goes_on BEFORE INSERT ON ledger
WHEN NEW.id <> 1 + ifnull((SELECT max(id) FROM ledger WHERE account = NEW.account), 0)
BEGIN SELECT RAISE(ABORT, 'an entry comes behind the last one'); END;

CREATE TRIGGER ledger_goes_forward BEFORE INSERT ON ledger
WHEN NEW.at < (SELECT at FROM ledger WHERE account = NEW.account AND id = NEW.id - 1)
BEGIN SELECT RAISE(ABORT, 'an entry is no earlier than the one before it'); END;

CREATE TRIGGER ledger_adds_up_money BEFORE INSERT ON ledger
WHEN NEW.balance <> NEW.money
    + ifnull((SELECT balance FROM ledger WHERE account = NEW.account AND id = NEW.id - 1), 0)
BEGIN SELECT RAISE(ABORT, 'the balance is the sum of money so far'); END;

CREATE TRIGGER ledger_adds_up_bytes BEFORE INSERT ON ledger
WHEN NEW.left <> NEW.volume + ifnull((SELECT left FROM ledger
    WHERE NEW.bucket > 0 AND bucket > 0 AND account = NEW.account AND bucket = NEW.bucket ORDER BY id DESC LIMIT 1), 0)
BEGIN SELECT RAISE(ABORT, 'what is left in a bucket is the sum of its bytes so far'); END;

CREATE TRIGGER ledger_knows_its_buckets BEFORE INSERT ON ledger
WHEN NEW.bucket > 0 AND NEW.bucket <> NEW.id AND NOT EXISTS (SELECT 1 FROM ledger
    WHERE account = NEW.account AND id = NEW.bucket AND kind IN ('grant', 'rolled in', 'transfer in'))
BEGIN SELECT RAISE(ABORT, 'a bucket has been granted'); END;

CREATE TRIGGER ledger_is_not_overdrawn BEFORE INSERT ON ledger
WHEN NEW.balance < 0 AND (SELECT kind FROM accounts WHERE id = NEW.account) = 'prepaid'
    AND NOT EXISTS (SELECT 1 FROM ledger WHERE account = NEW.account AND kind = 'overdraft')
BEGIN SELECT RAISE(ABORT, 'a prepaid balance below zero has a recorded cause'); END;

CREATE TRIGGER balances_begin_above_zero BEFORE INSERT ON balances
WHEN NEW.balance < 0 AND (SELECT kind FROM accounts WHERE id = NEW.account) = 'prepaid'
    AND NOT EXISTS (SELECT 1 FROM ledger WHERE account = NEW.account AND kind = 'overdraft')
BEGIN SELECT RAISE(ABORT, 'a prepaid balance below zero has a recorded cause'); END;

CREATE TRIGGER balances_stay_above_zero BEFORE UPDATE ON balances
WHEN NEW.balance < 0 AND (SELECT kind FROM accounts WHERE id = NEW.account) = 'prepaid'
    AND NOT EXISTS (SELECT 1 FROM ledger WHERE account = NEW.account AND kind = 'overdraft')
BEGIN SELECT RAISE(ABORT, 'a prepaid balance below zero has a recorded cause'); END;
