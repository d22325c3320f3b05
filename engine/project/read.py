"""A folder -> the project in it, and every finding of its files, in one run."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import TypeVar

from engine.model.document import Document, Place
from engine.model.finding import Finding, error, has_errors, in_order
from engine.model.jsonvalue import as_body
from engine.project.across import Names, check_derived, check_inbounds, check_names
from engine.project.derived import DerivedSpec
from engine.project.env import read_env
from engine.project.inbounds import InboundSpec
from engine.project.jsonfile import read_json
from engine.project.layout import JSON, SETTINGS, layout_of, reference_root
from engine.project.read_derived import read_derived
from engine.project.read_destination import read_destination
from engine.project.read_inbound import read_inbound
from engine.project.read_rules import read_rules
from engine.project.read_schemas import read_schemas
from engine.project.read_settings import read_settings
from engine.project.shape import load_shapes, misshapen
from engine.project.spec import (
    DestinationSpec,
    Project,
    ProjectSpec,
    RuleFileSpec,
)
from engine.project.text import LARGEST
from engine.project.yamlfile import read_yaml
from engine.schema.validator import Validator

Spec = TypeVar("Spec", ProjectSpec, DestinationSpec, RuleFileSpec, InboundSpec, DerivedSpec)


def read_project(
    root: Path, environ: Mapping[str, str] | None = None
) -> tuple[Project | None, list[Finding]]:
    """The project in ``root`` and all that is wrong with its files, by place.

    A broken file is left out and told; without usable settings there is no project at all. The
    environment is that of this process unless another is given. Raises ``ProjectError`` where there
    is no folder or no ``encamina.yaml``.
    """
    layout = layout_of(root)
    shapes = load_shapes(reference_root())
    env, findings = read_env(root, environ)
    files = _Files(root, [*findings, *layout.findings])

    settings = files.specs((SETTINGS,), shapes.project, read_settings)
    schemas = files.documents(layout.schemas)
    usable, findings = read_schemas(schemas, set(layout.schemas) - schemas.keys())
    files.findings += findings
    destinations = files.specs(layout.destinations, shapes.destination, read_destination)
    rule_files = files.specs(layout.rules, shapes.rule, read_rules)
    inbounds = files.specs(layout.inbounds, shapes.inbound, read_inbound)
    derived = files.specs(layout.derived, shapes.derived, read_derived)

    spec = settings[0] if settings else None
    names = Names(
        [files.name_of(file) for file in layout.destinations],
        layout.schemas,
        [source.name for source in spec.sources] if spec else None,
    )
    files.findings += check_names(destinations, rule_files, names)
    files.findings += check_inbounds(inbounds, names)
    files.findings += check_derived(derived, names)
    found = in_order(files.findings)
    if spec is None:
        return None, found
    digest = files.digest.hexdigest()
    whole = not has_errors(found)
    return Project(
        root, spec, usable, destinations, rule_files, env, digest, whole, inbounds, derived
    ), found


def read_spec(root: Path) -> tuple[ProjectSpec | None, list[Finding]]:
    """What ``encamina.yaml`` alone says, for those who only look at what is kept.

    Raises ``ProjectError`` as ``read_project`` does.
    """
    layout_of(root)
    files = _Files(root, [])
    specs = files.specs((SETTINGS,), load_shapes(reference_root()).project, read_settings)
    return (specs[0] if specs else None), in_order(files.findings)


class _Files:
    """Reads the files of ``root``; keeps their documents, their findings, and a digest of all."""

    def __init__(self, root: Path, findings: list[Finding]) -> None:
        self.findings = findings
        self.digest = hashlib.sha256()
        self._root = root
        self._documents: dict[str, Document] = {}

    def documents(self, files: tuple[str, ...]) -> dict[str, Document]:
        """The documents of those files that hold one."""
        found = {file: self._document(file) for file in files}
        return {file: document for file, document in found.items() if document is not None}

    def specs(
        self,
        files: tuple[str, ...],
        shape: Validator,
        read: Callable[[Document], tuple[Spec | None, list[Finding]]],
    ) -> tuple[Spec, ...]:
        """The records of those files that are as they must be."""
        specs = []
        for document in self.documents(files).values():
            if faults := misshapen(document, shape):
                self.findings += faults
                continue
            spec, faults = read(document)
            self.findings += faults
            if spec is not None:
                specs.append(spec)
        return tuple(specs)

    def name_of(self, file: str) -> str:
        """What a file says its ``name`` is, else the name of the file."""
        document = self._documents.get(file)
        name = as_body(document.value).get("name") if document else None
        return name if isinstance(name, str) else PurePosixPath(file).stem

    def _document(self, file: str) -> Document | None:
        data = self._bytes(file)
        if data is None:
            return None
        self.digest.update(f"{file}\0{len(data)}\0".encode() + data)
        document, findings = (read_json if file.endswith(JSON) else read_yaml)(file, data)
        self.findings += findings
        if document is not None:
            self._documents[file] = document
        return document

    def _bytes(self, file: str) -> bytes | None:
        try:
            with (self._root / file).open("rb") as stream:
                return stream.read(LARGEST + 1)
        except OSError as fault:
            message = f"the file can't be read: {fault.strerror or type(fault).__name__}"
            self.findings.append(error("E100", Place(file), message, "see who may read it"))
            return None
