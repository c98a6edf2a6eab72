"""Low-rank adaptation: what `Dense`, `EinsumDense` and `Embedding` share of it."""

from typing import Any

from .. import initializers, ops
from ..variable import Variable
from .layer import Layer

__all__ = ["Adaptable"]


class Adaptable(Layer):
    """A layer whose main weight `W` can be frozen and adapted by a small product.

    With LoRA enabled the layer computes with `W + lora_alpha / lora_rank * A @ B`,
    where `W` no longer trains and `A`, `B` have only `lora_rank` columns and rows.

    Reference: Hu et al., 2021, "LoRA: Low-Rank Adaptation of Large Language Models".
    """

    # The weight that is adapted; it is kept in the attribute of this name after "_".
    adapted = "kernel"
    lora_enabled = False
    lora_rank: Any
    lora_alpha: Any

    def _set_lora(
        self, rank: int | None, alpha: float | None, quantization_config: Any
    ) -> None:
        """Store the constructor arguments that all adaptable layers have."""
        if rank is not None and (not isinstance(rank, int) or rank <= 0):
            raise ValueError(
                f"`lora_rank` of layer `{self.name}` must be a positive integer or "
                f"`None`, not {rank!r}."
            )
        if quantization_config is not None:
            raise ValueError(
                f"Layer `{self.name}`: `quantization_config` is not supported; leave "
                f"it at `None`. Received: {quantization_config!r}."
            )
        self.lora_rank = rank
        self.lora_alpha = rank if alpha is None else alpha
        self.quantization_config = None

    def _apply_lora(self) -> None:
        """At the end of `build`: enable LoRA if the constructor was told to."""
        if self.lora_rank is not None:
            self.built = True
            self.enable_lora(self.lora_rank, self.lora_alpha)

    def _effective(self, weight: Variable) -> Any:
        """Return `weight`, with the low-rank product added once LoRA is enabled."""
        if not self.lora_enabled:
            return weight
        scale = self.lora_alpha / self.lora_rank
        return weight + scale * ops.matmul(self._lora_a, self._lora_b)

    def enable_lora(
        self,
        rank: int,
        lora_alpha: float | None = None,
        a_initializer: Any = "he_uniform",
        b_initializer: Any = "zeros",
    ) -> None:
        """Freeze the main weight and train a product of rank `rank` beside it.

        Args:
            rank: rows of `B` and columns of `A`.
            lora_alpha: strength of the product; `rank` if not given.
            a_initializer: initial values of `A`.
            b_initializer: initial values of `B`; zeros leave the layer's result as is.

        Raises:
            ValueError: the layer is not built, has a constraint on the weight, or is
                adapted already.
        """
        problem = None
        if getattr(self, f"{self.adapted}_constraint"):
            problem = f"has a `{self.adapted}_constraint`; remove it"
        elif not self.built:
            problem = "is not built; call it on data or call `build` first"
        elif self.lora_enabled:
            problem = "has LoRA enabled already; that can be done only once"
        if problem:
            raise ValueError(f"Cannot enable LoRA: layer `{self.name}` {problem}.")
        self._set_lora(rank, lora_alpha, self.quantization_config)
        self._add_product(a_initializer, b_initializer)

    def _add_product(self, a_initializer: Any, b_initializer: Any) -> None:
        weight = getattr(self, f"_{self.adapted}")
        *rows, columns = getattr(self, "_main_shape", weight.shape)
        self._lora_a = self.add_weight(
            name=f"lora_{self.adapted}_a",
            shape=(*rows, self.lora_rank),
            initializer=initializers.get(a_initializer),
            regularizer=getattr(self, f"{self.adapted}_regularizer"),
        )
        self._lora_b = self.add_weight(
            name=f"lora_{self.adapted}_b",
            shape=(self.lora_rank, columns),
            initializer=initializers.get(b_initializer),
            regularizer=getattr(self, f"{self.adapted}_regularizer"),
        )
        weight.trainable = False
        self.lora_enabled = True

    def save_own_variables(self, store: Any) -> None:
        """Write the weights; a low-rank product is merged into the weight it adapts."""
        if not self.lora_enabled:
            return super().save_own_variables(store)
        for index, variable in enumerate(self._plain_weights()):
            adapted = variable is getattr(self, f"_{self.adapted}")
            value = self._effective(variable) if adapted else variable
            store[str(index)] = ops.convert_to_numpy(value)

    def load_own_variables(self, store: Any) -> None:
        """Read the weights; a low-rank product starts again from zero."""
        if not self.lora_enabled:
            return super().load_own_variables(store)
        for index, variable in enumerate(self._plain_weights()):
            variable.assign(store[str(index)])
        self._lora_b.assign(ops.zeros_like(self._lora_b))

    def _plain_weights(self) -> list[Variable]:
        return [v for v in self._weights if not v.name.startswith("lora_")]

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if self.lora_rank is None:
            config.pop("lora_rank", None)
            config.pop("lora_alpha", None)
        return config
