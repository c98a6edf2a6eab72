"""All variables of a model as a tree, as Keras names them."""

import jax
import keras
import numpy as np
import pytest

import kerasish

X, Y = np.ones((4, 3), "float32"), np.ones((4, 2), "float32")


def trained(library, epochs=1):
    parts = [library.layers.Dense(2, name="d"), library.layers.BatchNormalization()]
    parts[1].name = "bn"
    model = library.Sequential([library.Input((3,)), *parts], name="m")
    model.compile("adam", "mse", metrics=["mae"])
    if epochs:
        model.fit(X, Y, epochs=epochs, verbose=0)
    return model


def outline(tree):
    return jax.tree.map(np.shape, tree)


def test_tree_has_the_paths_of_keras():
    ours = trained(kerasish).get_state_tree()
    theirs = trained(keras).get_state_tree()
    del ours["metrics_variables"], theirs["metrics_variables"]
    assert outline(ours) == outline(theirs)


def test_state_goes_to_a_new_model_and_training_goes_on():
    first, second = trained(kerasish), trained(kerasish, 0)
    state = first.get_state_tree("numpy_array")
    assert {type(x) for x in jax.tree.leaves(state)} == {np.ndarray}
    second.set_state_tree(state)
    for model in (first, second):
        model.fit(X, Y, epochs=2, verbose=0, shuffle=False)
    found = [jax.tree.leaves(model.get_state_tree()) for model in (first, second)]
    assert all(map(np.array_equal, *found))


def test_mistakes_change_nothing():
    model = trained(kerasish, 0)
    before = model.get_weights()
    kernel = {"m": {"d": {"kernel": np.zeros((3, 2)), "bias": np.zeros(5)}}}
    for tree, message in (
        ({"trainable_variables": kernel}, "has the shape"),
        ({"trainable": kernel}, "not 'trainable'.*did you mean"),
        ({"trainable_variables": {"m": {"d": {"kernle": 1}}}}, "no variable `m/d/kern"),
    ):
        with pytest.raises(ValueError, match="(?is)" + message):
            model.set_state_tree(tree)
    with pytest.raises(ValueError, match="value_format"):
        model.get_state_tree("numpy")
    assert all(map(np.array_equal, before, model.get_weights()))


def test_symbolic_tensors_and_functions_know_their_shapes():
    x = kerasish.KerasTensor((None, 3, 1))
    assert x.reshape((-1,)).shape == (None,)
    assert x.squeeze(-1).shape == x.squeeze().shape == (None, 3)
    y = kerasish.KerasTensor((None, 2))
    function = kerasish.Function([y, x], {"a": kerasish.ops.concatenate([x, x], 1)})
    shapes = [(5, 2), (7, 3, 1)]
    assert function.compute_output_shape(shapes) == {"a": (7, 6, 1)}
    for wrong in (shapes[:1], [*shapes, (1,)]):
        with pytest.raises(ValueError, match=r"2 input.* \[\(None, 2\), .*Received"):
            function.compute_output_shape(wrong)
