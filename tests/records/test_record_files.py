"""How files of records are named, and which files of a folder are records."""

from icl_bench.records.record_files import record_file, recorded_files
from icl_bench.specs.run_names import run_name, split_run_name


def test_records_of_a_folder_are_in_the_order_of_suites_and_seeds(tmp_path):
    runs = [("mini-v1", 0), ("mini-v1", 2), ("mini-v1", 10), ("paper-v1", 1)]
    for suite, seed in runs:
        for fresh in (False, True):
            (tmp_path / record_file(run_name(suite, seed), fresh)).touch()
    for other in ("notes.json", "mini-v1-seed-x.json", "seed-1.json", "mini-v1-seed-0.reason.txt"):
        (tmp_path / other).touch()
    for fresh in (False, True):
        files = recorded_files(tmp_path, fresh)
        assert [(file.suite, file.seed) for file in files] == runs
        assert [file.path.name for file in files] == [record_file(file.run, fresh) for file in files]


def test_the_name_of_a_run_is_split_as_it_is_made():
    assert split_run_name(run_name("paper-v12", 30)) == ("paper-v12", 30)
    for other in ("mini-v1", "mini-seed-0", "mini-v1-seed-", "mini-v1-seed-0.fresh", "Mini-v1-seed-0"):
        assert split_run_name(other) is None
