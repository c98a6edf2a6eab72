"""Recurrences in JAX: a loop over time whose weights' gradients wait until its end."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

Tree = Any


@jax.custom_vjp
def _watched(x: Tree, spy: Tree) -> Tree:
    """Return `x`; the gradient that comes back becomes that of `spy`, too."""
    return x


_watched.defvjp(lambda x, spy: (x, None), lambda _, g: (g, g))


def recurrence(
    step: Callable[..., tuple[Tree, Tree]],
    project: Callable[[Any], Any],
    init: Tree,
    inputs: Any,
    weights: list[Any],
    multiply: Callable[[Any, Any], Any],
    mask: Any = None,
    reverse: bool = False,
    unroll: bool = False,
) -> tuple[Tree, Tree]:
    """Carry a state over time: `carry, y = step(product, carry, x, keep)`.

    Differentiating a scan adds up the gradients of weights step by step: small products
    and much traffic. What flows back to the results of `project` and of each product
    is collected instead, and multiplied once, after the loop.

    Args:
        step: one step. `product(k, x)` is `multiply(x, weights[k])`; x is what
            `project` made of the step's input; keep is the step's slice of `mask`.
        project: of one step's input.
        init: the first carry.
        inputs: `(time, batch, ...)`.
        weights: what products multiply by.
        multiply: `(x, weight) -> array`.
        mask: `(time, ...)`, or None.
        reverse: walk backwards; ys stay where their x is.
        unroll: write the loop out.

    Returns:
        `(last carry, ys)`, as `scan` does.
    """
    size = inputs.shape[0]
    options = {"reverse": reverse, "unroll": size if unroll and size else 1}
    loop = _Loop(multiply, size, options)
    run = jax.custom_vjp(loop.run)
    run.defvjp(loop.forward, loop.backward)
    return run(*loop.close(step, project, init, inputs, weights, mask))


class _Loop:
    """A recurrence as a pure function, with its gradient."""

    def __init__(self, multiply: Any, size: int, options: dict[str, Any]) -> None:
        self.multiply, self.size, self.options = multiply, size, options

    def close(
        self, step: Any, project: Any, init: Any, inputs: Any, weights: Any, mask: Any
    ) -> tuple[Any, Any, Any]:
        """Make arguments of all that the functions refer to: custom VJPs need that."""
        first, keep = _slice(inputs), None if mask is None else _slice(mask)
        x = jax.eval_shape(project, first)
        self.uses, results = self._uses(step, (init, x, keep), weights)
        self.spied = results, x

        def one(carry: Tree, x: Any, keep: Any, weights: Any, spies: Any) -> Any:
            lefts: list[Any] = []

            def product(k: int, left: Any) -> Any:
                result = self.multiply(left, weights[k])
                lefts.append(left)
                return _watched(result, spies[len(lefts) - 1])

            return *step(product, carry, x, keep), lefts

        self.project, of_project = jax.closure_convert(project, first)
        self.one, of_step = jax.closure_convert(one, init, x, keep, weights, results)
        return init, of_step, (inputs, mask, weights, of_project)

    def _uses(self, step: Any, like: Any, weights: Any) -> tuple[list[int], Any]:
        """Which weight each product of a step uses, and shapes of the results."""
        uses: list[int] = []
        shapes: list[Any] = []

        def run(carry: Tree, x: Any, keep: Any, weights: list[Any]) -> Any:
            def product(k: int, left: Any) -> Any:
                result = self.multiply(left, weights[k])
                uses.append(k)
                shapes.append(jax.ShapeDtypeStruct(result.shape, result.dtype))
                return result

            return step(product, carry, x, keep)

        jax.eval_shape(run, *like, weights)
        return uses, shapes

    def _spies(self) -> Any:
        """Zeros that nobody reads; their gradients are what counts."""
        size = self.size
        return jax.tree.map(lambda s: jnp.zeros((size, *s.shape), s.dtype), self.spied)

    def _scan(self, init: Tree, of_step: Any, spies: Any, given: Any) -> Any:
        inputs, mask, weights, of_project = given

        def body(carry: Tree, now: Any) -> Any:
            x, keep, (of_products, of_x) = now
            x = _watched(self.project(x, *of_project), of_x)
            carry, y, lefts = self.one(carry, x, keep, weights, of_products, *of_step)
            return carry, (y, lefts)

        xs = (inputs, mask, spies)
        carry, (ys, lefts) = lax.scan(body, init, xs, self.size, **self.options)
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
        pull, lefts, (inputs, _, weights, of_project) = saved
        to_init, to_step, (to_products, to_x) = pull(upstream)
        to_weights = [jnp.zeros_like(w) for w in weights]
        for k, left, g in zip(self.uses, lefts, to_products):
            to_weights[k] += _pull(self.multiply, left, [weights[k]], g)[1][0]
        to_inputs, to_project = _pull(self.project, inputs, of_project, to_x)
        return to_init, to_step, (to_inputs, None, to_weights, to_project)


def _slice(x: Any) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(x.shape[1:], x.dtype)


def _pull(fn: Any, x: Any, consts: list[Any], upstream: Any) -> Any:
    """Gradients of `fn(x[t], *consts)` by x and consts, all t at once."""

    def all_steps(x: Any, consts: Any) -> Any:
        return jax.vmap(lambda x: fn(x, *consts))(x)

    return jax.vjp(all_steps, x, consts)[1](upstream)
