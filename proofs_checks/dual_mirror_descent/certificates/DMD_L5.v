From Coq Require Import Reals ZArith List Lra.
From Certificates Require Import Prices.
Import ListNotations.
Open Scope R_scope.

(* --- definitions and claim --- *)

Definition number (items : list R) : R := IZR (Z.of_nat (length items)).

(* the budget is for `horizon` requests; after those with these costs at most the largest cost is left of it *)
Definition hypotheses (lazy : bool) (step rate largest first horizon : R) (costs prices : list R) : Prop :=
  0 < step /\ 0 < rate /\ horizon * rate <= sum costs + largest /\
  walk lazy step first (map (fun cost => rate - cost) costs) prices.

Definition lhs (lazy : bool) (step rate largest first horizon : R) (costs prices : list R) : R := horizon - number costs.

Definition rhs (lazy : bool) (step rate largest first horizon : R) (costs prices : list R) : R :=
  (largest + (last prices 0 - first) / step) / rate.

Definition claim : Prop := forall lazy step rate largest first horizon costs prices,
  hypotheses lazy step rate largest first horizon costs prices ->
  lhs lazy step rate largest first horizon costs prices <= rhs lazy step rate largest first horizon costs prices.

(* --- proof --- *)

Ltac holds := unfold hypotheses, sum; decided.

Ltac impossible := unfold number; simpl; lra.

Ltac anchored := split; [holds | split; unfold lhs, rhs, number; simpl; lra].

(* --- theorem --- *)

Theorem certified : claim.
Proof.
  intros lazy step rate largest first horizon costs prices [S [Q [L W]]]. unfold lhs, rhs.
  assert (X := last_price lazy step _ _ _ W).
  assert (Y : sum (map (fun cost => rate - cost) costs) = rate * number costs - sum costs).
  { unfold sum, number. induction costs as [|cost rest IH] in |- *; simpl map; simpl fold_right; [simpl; lra|].
    rewrite IH. change (length (cost :: rest)) with (Datatypes.S (length rest)). rewrite Nat2Z.inj_succ, succ_IZR. lra. }
  rewrite Y in X. apply Rmult_le_reg_l with (step * rate); [apply Rmult_lt_0_compat; assumption|].
  replace (step * rate * ((largest + (last prices 0 - first) / step) / rate)) with (step * largest + (last prices 0 - first))
    by (field; lra).
  apply Rmult_le_compat_l with (r := step) in L; lra.
Qed.
