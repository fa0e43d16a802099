import shutil
import tarfile

# ruleid: python-archive-extraction
tarfile.open(path).extractall(folder)
# ruleid: python-archive-extraction
shutil.unpack_archive(path, folder)
# ok: python-archive-extraction
tarfile.open(path).extractall(folder, filter="data")


def one_by_one(file):
    with tarfile.open(file) as tar:
        for member in tar:
            # ruleid: python-archive-extraction
            tar.extract(member, "out")
            # ok: python-archive-extraction
            tar.extract(member, "out", filter="data")
