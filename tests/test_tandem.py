"""The console command finds every other one, and needs no more than that one does."""

import subprocess
import sys

import pytest

from tandem import CHAPTERS, COMMANDS, main


def test_contents_name_every_command_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    lines = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line[:2] == "  "]
    assert lines == list(COMMANDS)
    assert len(COMMANDS) == sum(map(len, CHAPTERS.values()))


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_every_command_is_its_own(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert "usage: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "message"), [("sevre", "did you mean 'serve'?"), ("fly", "`tandem --help` lists them")]
)
def test_unknown_command_says_which_there_are(
    name: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name]) == 2
    assert message in capsys.readouterr().err


def test_missing_package_is_told_with_the_extra_that_brings_it() -> None:
    program = (
        "import sys\n"
        "sys.modules['torch'] = None\n"
        "from tandem import main\n"
        "sys.exit(main(['train', '--help']))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "needs the package torch: pip install 'tandem[train]'" in ended.stderr


def test_contents_import_none_of_the_commands() -> None:
    program = (
        "import sys\n"
        "from tandem import main\n"
        "main([])\n"
        "assert not {'torch', 'numpy', 'fastapi', 'service', 'training'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
