(* lora_limits/LL-S2-rank: The least r with r (r + 1) / 2 > K N. The library's r is the least integer with r (r +
   1) / 2 > K N, where N is the number of data and K that of outputs. That descents of the linearised problem end
   at its minimum from this rank on is the paper's, and is not checked here. Of every number of data and of
   outputs: the rule. *)
From Coq Require Import Reals List Lia ZArith.
Import ListNotations.
Open Scope Z_scope.

(* --- definitions and claim --- *)

(* the first that does of the integers around the root *)
Definition rank (N K : Z) : Z :=
  let s := Z.sqrt (2 * N * K) in
  match find (fun k => 2 * N * K <? k * (k + 1)) [Z.max 1 (s - 1); s; s + 1; s + 2] with Some k => k | None => 0 end.

Definition hypotheses (N K r : Z) (entry : nat) : Prop := 1 <= N /\ 1 <= K /\ r = rank N K.

Definition product (N K : Z) : Z := 2 * (N * K).

(* no rank below r will do, and r does *)
Definition lhs (N K r : Z) (entry : nat) : R :=
  match entry with O => IZR (r * (r - 1)) | S _ => IZR (product N K + 1) end.

Definition rhs (N K r : Z) (entry : nat) : R :=
  match entry with O => IZR (product N K) | S _ => IZR (r * (r + 1)) end.

Definition claim : Prop := forall N K r entry, hypotheses N K r entry -> (lhs N K r entry <= rhs N K r entry)%R.

(* --- proof --- *)

Ltac holds := split; [lia | split; [lia | reflexivity]].

Ltac impossible := unfold product; let one := fresh in intro one; apply le_IZR in one; lia.

Ltac anchored := split; [holds | split; unfold lhs, rhs, product; f_equal; reflexivity].

(* --- theorem --- *)

Theorem certified : claim.
Proof.
  intros N K r entry [P [Q ->]].
  enough (T : rank N K * (rank N K - 1) <= 2 * (N * K) < rank N K * (rank N K + 1)).
  { unfold lhs, rhs, product. destruct entry; apply IZR_le; lia. }
  assert (B : 1 <= N * K) by (apply (Z.mul_le_mono_nonneg 1 N 1 K); lia).
  unfold rank. replace (2 * N * K) with (2 * (N * K)) by ring. set (p := 2 * (N * K)).
  assert (L : 2 <= p) by (unfold p; lia). assert (X := Z.sqrt_spec p ltac:(lia)). assert (Y := Z.sqrt_nonneg p).
  set (s := Z.sqrt p) in *. clearbody s p. simpl find. unfold Z.succ in X.
  assert (S : 1 <= s) by (destruct (Z.eq_dec s 0) as [->|E]; lia).
  repeat match goal with |- context [?a <? ?b] => destruct (Z.ltb_spec a b) end;
    destruct (Z.max_spec 1 (s - 1)) as [[? M]|[? M]]; rewrite ?M in *; nia.
Qed.
