"""Machines that have to be adopted, and the command that does it."""

import json
from pathlib import Path

from tests.machines.building import INVOKE, Fields, machine, mapping, task
from tests.statebag.conftest import Run

CHAIN = machine({f"Step {n}": task(f"Step{n}", ResultPath=f"$.step{n}") for n in range(5)})
LOOP = machine(
    {
        "Ask": task("Ask", ResultPath="$.answers.a"),
        "Keep": {"Type": "Pass", "Parameters": {"all.$": "States.Array($.all, $.answers)"}},
        "More?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.all[0].more", "BooleanEquals": True, "Next": "Ask"}],
            "Default": "End",
        },
        "End": {"Type": "Succeed"},
    }
)
FAN = machine(
    {
        "Each": mapping(machine({"Do": task("Do")}), ItemsPath="$.items", ResultPath="$.done"),
        "End": {"Type": "Succeed"},
    }
)
JSONATA = machine(
    {
        f"Step {n}": {
            "Type": "Task",
            "Resource": INVOKE,
            "Arguments": {"FunctionName": "f", "Payload": "{% $states.input %}"},
            "Output": {"kept": "{% $states.input %}", "new": "{% $states.result.Payload %}"},
        }
        for n in range(5)
    },
    QueryLanguage="JSONata",
)
MACHINES = {"chain": CHAIN, "loop": LOOP, "fan": FAN, "jsonata": JSONATA}
OPTIONS = ("--input-bytes", "32768", "--decorated", "*")


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_bytes(text.encode())
    return file


def adopted(run: Run, folder: Path, definition: Fields, *options: str) -> Fields:
    file = write(folder, "m.asl.json", json.dumps(definition, indent=2))
    run("adopt", str(file), *(options or OPTIONS), "-o", str(folder / "new.asl.json"))
    return json.loads((folder / "new.asl.json").read_text())  # type: ignore[no-any-return]
