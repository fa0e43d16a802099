import shutil
import tarfile

# ruleid: python-zip-slip
tarfile.open(path).extractall(folder)
# ruleid: python-zip-slip
shutil.unpack_archive(path, folder)
# ok: python-zip-slip
tarfile.open(path).extractall(folder, filter="data")


def one_by_one(file):
    with tarfile.open(file) as tar:
        for member in tar:
            # ruleid: python-zip-slip
            tar.extract(member, "out")
            # ok: python-zip-slip
            tar.extract(member, "out", filter="data")


def rar(path, folder):
    with rarfile.RarFile(path) as archive:
        # ruleid: python-zip-slip
        archive.extractall(folder)


def members(blob, folder):
    tar = tarfile.TarFile(fileobj=blob)
    for member in tar:
        # ruleid: python-zip-slip
        tar.extract(member, folder)
