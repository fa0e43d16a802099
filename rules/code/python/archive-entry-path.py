import os
import tarfile
import zipfile
from pathlib import Path


def unpack(path, folder):
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            target = os.path.join(folder, name)
            # ruleid: python-archive-entry-path
            with open(target, "wb") as file:
                file.write(archive.read(name))


def unpack_info(path, folder):
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            target = Path(folder) / info.filename
            # ruleid: python-archive-entry-path
            target.write_bytes(archive.read(info))


def unpack_tar(path, folder):
    with tarfile.open(path) as archive:
        for member in archive.getmembers():
            data = archive.extractfile(member)
            # ruleid: python-archive-entry-path
            with open(f"{folder}/{member.name}", "wb") as file:
                file.write(data.read())


def checked(path, folder):
    base = Path(folder).resolve()
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            target = (base / info.filename).resolve()
            if not target.is_relative_to(base):
                raise ValueError(info.filename)
            # ok: python-archive-entry-path
            target.write_bytes(archive.read(info))


def last_part(path, folder):
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            target = os.path.join(folder, os.path.basename(name))
            # ok: python-archive-entry-path
            with open(target, "wb") as file:
                file.write(archive.read(name))
