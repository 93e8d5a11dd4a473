import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.identity.names import fold_name, is_branch_name


@pytest.mark.parametrize(
    "name",
    [
        "华信电子有限公司苏州分公司",
        "华信电子苏州办事处",
        "中国某某银行股份有限公司上海徐汇营业部",
        "华信电子(北京)代表处",
        "Huaxin Electronics Co., Ltd. Suzhou Branch",
        "HUAXIN BRANCH OFFICE",
        "Ｂｒａｎｃｈ of Huaxin",
    ],
)
def test_branches(name):
    assert is_branch_name(name)


@pytest.mark.parametrize(
    "name", ["华信电子有限公司", "华信集团", "Branchwood Ltd", "Olive Branches Ltd", "分享科技有限公司", ""]
)
def test_no_branches(name):
    assert not is_branch_name(name)


@given(st.text(), st.sampled_from([" ", "　", "\t"]))
def test_folding_ignores_width_case_and_spaces(name, space):
    folded = fold_name(name)
    assert not any(sign.isspace() for sign in folded)
    assert fold_name(space.join(["", name, ""])) == folded
    assert fold_name("Ｈｕａ " + "xin") == fold_name("HUAXIN")
