"""Recurrences in JAX: a loop over time whose weights' gradients wait until its end."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

Tree = Any
# What is not computed a second time on the way back.
COSTLY = {"dot_general", "conv_general_dilated", "exp", "logistic", "tanh"}


@jax.custom_vjp
def _watched(x: Tree, spy: Tree) -> Tree:
    """Return `x`; the gradient that comes back becomes that of `spy`, too."""
    return x


_watched.defvjp(lambda x, spy: (x, None), lambda _, g: (g, g))


def recurrence(
    step: Callable[..., tuple[Tree, Tree]],
    init: Tree,
    project: Callable[..., Any],
    inputs: Any,
    consts: Any,
    multiply: Callable[[Any, Any], Any],
    weights: list[Any],
    mask: Any = None,
    reverse: bool = False,
    unroll: bool = False,
) -> tuple[Tree, Tree]:
    """Carry a state over time: `carry, y = step(product, carry, x, keep)`.

    Differentiating a scan adds up the gradients of weights step by step: small products
    and much traffic. What flows back to the results of `project` and of each product
    is collected instead, and multiplied once, after the loop.

    Args:
        step: one step, whose x is an input as it is. `product(k, left, x)` is
            `project(x, consts) + multiply(left, weights[k])`; x or k and left may be
            None. keep is the step's slice of `mask`.
        init: the first carry.
        project: `(input, consts) -> array`, of one step or of several at once.
        inputs: `(time, batch, ...)`.
        consts: weights and other arrays for `project`, in any structure.
        multiply: `(x, weight) -> array`, row by row of x.
        weights: what products multiply by.
        mask: `(time, ...)`, or None.
        reverse: walk backwards; ys stay where their x is.
        unroll: write the loop out.

    Returns:
        `(last carry, ys)`, as `scan` does.
    """
    size = inputs.shape[0]
    options = {"reverse": reverse, "unroll": size if unroll and size else 1}
    loop = _Loop(project, multiply, size, options)
    run = jax.custom_vjp(loop.run)
    run.defvjp(loop.forward, loop.backward)
    return run(*loop.close(step, init, (inputs, mask, consts, weights)))


class _Loop:
    """A recurrence as a pure function, with its gradient."""

    def __init__(
        self, project: Any, multiply: Any, size: int, options: dict[str, Any]
    ) -> None:
        self.project, self.multiply = project, multiply
        self.size, self.options = size, options

    def close(self, step: Any, init: Tree, given: Any) -> tuple[Tree, Any, Any]:
        """Make arguments of all that `step` refers to: a custom VJP needs that."""
        inputs, mask, consts, weights = given
        first, keep = jax.tree.map(_slice, (inputs, mask))
        self.uses: list[tuple[int | None, bool]] = []
        self.spied: list[Any] = []  # shapes of the results of products

        def note(result: Any, k: int | None, x: Any) -> Any:
            self.uses.append((k, x is not None))
            self.spied.append(jax.ShapeDtypeStruct(result.shape, result.dtype))
            return result

        def one(watch: Any, now: Any, consts: Any, weights: Any, spies: Any) -> Any:
            lefts: list[Any] = []

            def product(k: int | None, left: Any = None, x: Any = None) -> Any:
                result = 0 if x is None else self.project(x, consts)
                if k is not None:
                    result = result + self.multiply(left, weights[k])
                lefts.append(left)
                if spies is None:
                    return watch(result, k, x)
                return _watched(result, spies[len(lefts) - 1])

            return *step(product, *now), lefts

        now = (init, first, keep)
        jax.eval_shape(functools.partial(one, note, spies=None), now, consts, weights)
        arguments = (now, consts, weights, self.spied)
        self.one, of_step = jax.closure_convert(
            functools.partial(one, None), *arguments
        )
        return init, of_step, given

    def _spies(self) -> Any:
        """Zeros that nobody reads; their gradients are what counts."""
        return [jnp.zeros((self.size, *s.shape), s.dtype) for s in self.spied]

    def _scan(self, init: Tree, of_step: Any, spies: Any, given: Any) -> Any:
        inputs, mask, consts, weights = given
        one = jax.checkpoint(self.one, policy=_costly, prevent_cse=False)

        def body(carry: Tree, now: Any) -> Any:
            x, keep, spies = now
            carry, y, lefts = one((carry, x, keep), consts, weights, spies, *of_step)
            return carry, (y, lefts)

        xs = (inputs, mask, spies)
        carry, (ys, lefts) = lax.scan(body, init, xs, **self.options)
        return (carry, ys), lefts

    def run(self, init: Tree, of_step: Any, given: Any) -> Any:
        """Compute without a gradient."""
        return self._scan(init, of_step, self._spies(), given)[0]

    def forward(self, init: Tree, of_step: Any, given: Any) -> Any:
        """Compute, and keep what the gradient needs."""

        def scan(init: Tree, of_step: Any, spies: Any) -> Any:
            return self._scan(init, of_step, spies, given)

        arguments = (init, of_step, self._spies())
        outputs, pull, lefts = jax.vjp(scan, *arguments, has_aux=True)
        return outputs, (pull, lefts, given)

    def backward(self, saved: Any, upstream: Any) -> Any:
        """Walk back over time, then do the weights' gradients."""
        pull, lefts, (inputs, _, consts, weights) = saved
        to_init, to_step, to_products = pull(upstream)
        to_weights = [jnp.zeros_like(w) for w in weights]
        to_x: Any = None
        for (k, of_x), left, g in zip(self.uses, lefts, to_products):
            if k is not None:
                rows = left.reshape(-1, *left.shape[2:])
                product = functools.partial(self.multiply, rows)
                _, pull = jax.vjp(product, weights[k])
                to_weights[k] += pull(g.reshape(-1, *g.shape[2:]))[0]
            if of_x:
                to_x = g if to_x is None else to_x + g
        _, pull = jax.vjp(self.project, inputs, consts)
        to_inputs, to_consts = pull(to_x)
        return to_init, to_step, (to_inputs, None, to_consts, to_weights)


def _costly(primitive: Any, *_: Any, **__: Any) -> bool:
    """Whether a result is kept for the way back, rather than computed again."""
    return primitive.name in COSTLY


def _slice(x: Any) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(x.shape[1:], x.dtype)
