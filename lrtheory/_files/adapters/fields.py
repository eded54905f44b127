"""The fields in the settings of an adapter: their meaning in its folder, and their treatment.

A field that is in no table here and is not switched off is refused by its name, since what it changes is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["ADALORA", "CARRIED", "FACTORS", "FIELDS", "OTHERS", "REFUSED", "START", "TIED", "WHOLE", "WRITTEN"]

FACTORS, WRITTEN, CARRIED, WHOLE = "factors", "written anew", "carried", "whole arrays"
START, TIED, REFUSED = "start", "tied", "refused"

#: what is done with each field of a LoRA: it says how factors make an update; it chooses modules or starts of factors,
#: and is written anew with them; it says nothing of an update, and is carried; it names arrays beside the factors; it
#: may make an update that depends on the base model; it adds two updates to one matrix, each of which can be truncated;
#: or factors are no update of a weight under it
FIELDS: Mapping[str, str] = MappingProxyType({
    **dict.fromkeys(("peft_type", "r", "lora_alpha", "use_rslora", "rank_pattern", "alpha_pattern", "lora_bias",
                     "target_parameters"), FACTORS),
    **dict.fromkeys(
        ("target_modules", "exclude_modules", "layers_to_transform", "layers_pattern", "eva_config", "corda_config",
         "lora_ga_config"), WRITTEN),
    **dict.fromkeys(
        ("task_type", "auto_mapping", "peft_version", "base_model_name_or_path", "revision", "inference_mode",
         "lora_dropout", "fan_in_fan_out", "megatron_config", "megatron_core", "loftq_config", "runtime_config",
         "qalora_group_size", "velora_config"), CARRIED),
    **dict.fromkeys(("bias", "modules_to_save", "trainable_token_indices"), WHOLE),
    **dict.fromkeys(("init_lora_weights", "use_dora"), START),
    **dict.fromkeys(
        ("use_qalora", "use_bdlora", "layer_replication", "alora_invocation_tokens", "arrow_config", "kasa_config",
         "monteclora_config"), REFUSED),
    "ensure_weight_tying": TIED,
})  # fmt: skip
#: settings of AdaLoRA that a LoRA does not have
ADALORA = ("target_r", "init_r", "tinit", "tfinal", "deltaT", "beta1", "beta2", "orth_reg_weight", "total_step")
#: settings of other kinds that are read, and that a LoRA does not have
OTHERS = (
    "init_weights", "projection_prng_key", "save_projection", "vera_dropout", "d_initial", "sparse", "very_sparse",
    "randlora_alpha", "randlora_dropout", "proj_seed", "theta_d_length", "save_indices", "unilora_dropout",
    "init_theta_d_bound", "hira_dropout", "alpha", "rank_dropout", "module_dropout", "rank_dropout_scale",
    "use_effective_conv2d", "decompose_both", "decompose_factor", "feedforward_modules", "init_ia3_weights",
)  # fmt: skip
