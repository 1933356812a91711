"""Every configuration of the recipes is one that `trunkline check` takes."""

import re
import shutil
import subprocess

import pytest

from support import proxy
from support.machine import ROOT

ARTICLE = ROOT / "Sources/Proxy/Proxy.docc/Recipes.md"
LISTENERS, *RECIPES = re.findall(r"```yaml\n(.*?)```", ARTICLE.read_text(), re.S)
NAMES = re.findall(r"^## (.*)$", ARTICLE.read_text(), re.M)


def test_there_is_a_recipe_for_each_application():
    assert len(RECIPES) == len(NAMES) >= 9


@pytest.mark.parametrize("recipe", RECIPES, ids=NAMES)
def test_a_recipe_is_a_configuration(tmp_path, authority, recipe):
    names = authority.certificate().names
    shutil.copy(names["certificate"], tmp_path / "cert.pem")
    shutil.copy(names["key"], tmp_path / "key.pem")
    (tmp_path / "proxy.conf").write_text(LISTENERS + recipe)
    checked = subprocess.run([proxy.BINARY, "check", "--config", tmp_path / "proxy.conf"], capture_output=True, text=True)
    assert checked.returncode == 0 and not checked.stderr, checked.stderr
