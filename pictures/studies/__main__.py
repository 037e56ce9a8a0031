"""Write docs/studies anew from runs.json."""

import os

from moetui.core.report.artifacts import FILES, PAGE
from moetui.core.report.write import report_files
from moetui.core.wholefile import replace_file
from pictures.studies.gathered import FOLDER, gather_studies, gather_widths
from pictures.studies.page import page


def main() -> None:
    """The reports, without the page of HTML, which holds the images a second time; then the page that links them."""
    studies = gather_studies()
    for study in (*studies, gather_widths()):
        files = {name: raw for name, raw in report_files(study.subject).items() if name != PAGE}
        folder = FOLDER / study.folder
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            if name in files:
                os.close(replace_file(folder / name, files[name]))
            else:
                (folder / name).unlink(missing_ok=True)
        print(folder.relative_to(FOLDER.parents[1]))
    (FOLDER / "README.md").write_text(page(*studies), encoding="utf-8")
    print((FOLDER / "README.md").relative_to(FOLDER.parents[1]))


if __name__ == "__main__":
    main()
