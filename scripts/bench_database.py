"""A PostgreSQL cluster of a hospital and its dump, before and after a night of transactions.

The rows follow from the seed; what PostgreSQL adds (times, identifiers) does not.
"""
import contextlib
import os
import shutil
import subprocess

PROGRAMS = "/usr/lib/postgresql/15/bin"
SETTINGS = {
    "listen_addresses": "", "timezone": "UTC", "autovacuum": "off", "fsync": "off",
    "max_wal_size": "96MB", "min_wal_size": "64MB", "max_parallel_workers_per_gather": "0",
}

FILL = """
SELECT setseed({seed});
CREATE TABLE patient (
  id integer PRIMARY KEY, family text NOT NULL, given text NOT NULL, born date NOT NULL,
  address text NOT NULL, phone text NOT NULL, updated timestamptz NOT NULL);
CREATE TABLE encounter (
  id bigserial PRIMARY KEY, patient integer NOT NULL, at timestamptz NOT NULL,
  department text NOT NULL, note text NOT NULL);
CREATE TABLE observation (
  id bigserial PRIMARY KEY, encounter bigint NOT NULL, at timestamptz NOT NULL,
  code text NOT NULL, value numeric NOT NULL, unit text NOT NULL, status text NOT NULL);
INSERT INTO patient SELECT i,
  (ARRAY['佐藤','鈴木','高橋','田中','伊藤','渡辺','山本','中村','小林','加藤'])[1 + random() * 9],
  (ARRAY['陽菜','湊','凛','蓮','結菜','樹','葵','大翔','咲良','悠真'])[1 + random() * 9],
  date '1925-01-01' + (random() * 36000)::integer,
  format('神奈川県川崎市中原区%s丁目%s-%s', (random() * 9)::integer, (random() * 40)::integer,
         (random() * 30)::integer),
  format('044-%s-%s', (random() * 999)::integer, (random() * 9999)::integer),
  timestamptz '2026-01-01 00:00:00+09' + i * interval '1 second'
FROM generate_series(1, {patients}) AS i;
INSERT INTO encounter (patient, at, department, note)
SELECT 1 + (random() * ({patients} - 1))::integer,
  timestamptz '2025-01-01 08:00:00+09' + i * interval '97 seconds',
  (ARRAY['内科','外科','小児科','循環器内科','整形外科','眼科','救急'])[1 + random() * 6],
  format('体温 %s.%s 血圧 %s/%s 処方 %s %s', 35 + (random() * 4)::integer,
         (random() * 9)::integer, 95 + (random() * 70)::integer, 55 + (random() * 40)::integer,
         md5(random()::text), repeat('経過観察。', (random() * 6)::integer))
FROM generate_series(1, {encounters}) AS i;
INSERT INTO observation (encounter, at, code, value, unit, status)
SELECT 1 + (i::bigint * {encounters} / {observations}),
  timestamptz '2025-01-01 08:00:00+09' + i * interval '31 seconds',
  (ARRAY['8867-4','8480-6','8462-4','9279-1','59408-5','8310-5'])[1 + i % 6],
  round((30 + random() * 120)::numeric, 1),
  (ARRAY['/min','mmHg','mmHg','/min','%','Cel'])[1 + i % 6], 'final'
FROM generate_series(1, {observations}) AS i;
CREATE INDEX encounter_of_patient ON encounter (patient);
CREATE INDEX observation_of_encounter ON observation (encounter);
"""
NIGHT = """
SELECT setseed({seed});
INSERT INTO encounter (patient, at, department, note)
SELECT 1 + (random() * ({patients} - 1))::integer, timestamptz '2026-11-21 20:00:00+09' +
  i * interval '3 seconds', '救急', format('夜間 %s', md5(random()::text))
FROM generate_series(1, {encounters} / 50) AS i;
INSERT INTO observation (encounter, at, code, value, unit, status)
SELECT {encounters} + 1 + i / 5, timestamptz '2026-11-21 20:00:00+09' + i * interval '1 second',
  '8867-4', round((30 + random() * 120)::numeric, 1), '/min', 'final'
FROM generate_series(1, {observations} / 50) AS i;
UPDATE patient SET phone = format('044-%s', (random() * 99999)::integer),
  updated = timestamptz '2026-11-22 00:00:00+09' WHERE id IN
  (SELECT (random() * {patients})::integer FROM generate_series(1, {patients} / 300));
UPDATE encounter SET note = note || ' 追記' WHERE id IN
  (SELECT (random() * {encounters})::integer FROM generate_series(1, {encounters} / 1200));
DELETE FROM encounter WHERE id IN
  (SELECT (random() * {encounters})::integer FROM generate_series(1, {encounters} / 1200));
UPDATE observation SET status = 'corrected' WHERE id > {observations} * 0.98 AND random() < 0.1;
"""
SETTLE = ["VACUUM ANALYZE", "CHECKPOINT"]


def as_postgres(*command):
    subprocess.run(["runuser", "-u", "postgres", "--", *command], check=True,
                   stdout=subprocess.DEVNULL)


class Cluster:
    """A cluster in a folder of its own, on a socket there; nothing listens on the network."""

    def __init__(self, folder):
        self.folder = folder
        self.data = folder / "data"
        folder.mkdir()
        shutil.chown(folder, "postgres", "postgres")
        as_postgres(f"{PROGRAMS}/initdb", "--no-sync", "--auth=trust", "--encoding=UTF8",
                    "-D", self.data)

    @contextlib.contextmanager
    def running(self):
        settings = dict(SETTINGS, unix_socket_directories=self.folder)
        as_postgres(f"{PROGRAMS}/pg_ctl", "-D", self.data, "-w", "-s", "-l", self.folder / "log",
                    "-o", " ".join(f"-c {name}='{value}'" for name, value in settings.items()),
                    "start")
        try:
            yield
        finally:
            as_postgres(f"{PROGRAMS}/pg_ctl", "-D", self.data, "-w", "-s", "-m", "fast", "stop")

    def sql(self, *commands):
        asked = [word for command in commands for word in ("-c", command)]
        subprocess.run([f"{PROGRAMS}/psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.folder,
                        "-U", "postgres", *asked], check=True, stdout=subprocess.DEVNULL)

    def dump(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([f"{PROGRAMS}/pg_dump", "-h", self.folder, "-U", "postgres", "-f", path],
                       check=True)


def same_state(path, other):
    """True if PostgreSQL has not written the file since it was copied."""
    if not (path.exists() and other.exists()):
        return False
    one, two = path.stat(), other.stat()
    return (one.st_size, one.st_mtime_ns) == (two.st_size, two.st_mtime_ns)


def files_below(top):
    return {os.path.relpath(os.path.join(folder, name), top)
            for folder, _folders, names in os.walk(top) for name in names}


class HospitalDatabase:
    def __init__(self, folder, seed, scale):
        self.cluster = Cluster(folder)
        self.numbers = {"seed": (seed % 1000) / 1000, "patients": int(120_000 * scale),
                        "encounters": int(600_000 * scale), "observations": int(1_700_000 * scale)}

    def make(self, source):
        """The evening: the folders `cluster` and `dump` of the source."""
        with self.cluster.running():
            self.cluster.sql(FILL.format(**self.numbers), *SETTLE)
            self.cluster.dump(source / "dump" / "hospital.sql")
        subprocess.run(["cp", "-a", self.cluster.data, source / "cluster"], check=True)

    def change(self, plan):
        """The night; afterwards the cluster is gone."""
        with self.cluster.running():
            self.cluster.sql(NIGHT.format(**self.numbers), *SETTLE)
            self.cluster.dump(plan.add("dump/hospital.sql"))
        before, after = plan.source / "cluster", self.cluster.data
        for path in sorted(files_below(before) | files_below(after)):
            if not (after / path).exists():
                plan.remove(f"cluster/{path}")
            elif not same_state(before / path, after / path):
                os.rename(after / path, plan.add(f"cluster/{path}"))
        shutil.rmtree(self.cluster.folder)
