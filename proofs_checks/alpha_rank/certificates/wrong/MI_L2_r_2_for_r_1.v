(* alpha_rank/MI-L2: Masses move by at most tanh of half the log ratio. If the logarithms of all masses of two laws
   pi and pi_hat differ by at most B, then the masses themselves differ by at most tanh(B / 2). Of every pair of
   laws on any number of states: the rule. *)
From Coq Require Import Reals List Lra Lia.
Import ListNotations.
Open Scope R_scope.

(* Wrong on purpose: r + 2 for r + 1. *)
(* --- definitions and claim --- *)

Definition total (p : list R) : R := fold_right Rplus 0 p.

(* r is e^B: neither mass is more than r times the other one *)
Definition within (r a b : R) : Prop := a <= r * b /\ b <= r * a.

Definition hypotheses (p q : list R) (r : R) (i : nat) : Prop :=
  total p = 1 /\ total q = 1 /\ Forall2 (within r) p q /\ 1 <= r /\ (i < length p)%nat.

Definition lhs (p q : list R) (r : R) (i : nat) : R := Rabs (nth i q 0 - nth i p 0).

Definition rhs (p q : list R) (r : R) (i : nat) : R := (r - 1) / (r + 2).

Definition claim : Prop := forall p q r i, hypotheses p q r i -> lhs p q r i <= rhs p q r i.

(* --- proof --- *)

Ltac holds := unfold hypotheses, within, total; simpl; repeat (first [lra | lia | split | constructor]).

Ltac numbers := simpl nth.

Ltac impossible := numbers; unfold Rabs; destruct Rcase_abs; lra.

Ltac anchored := split; [holds | split; unfold lhs, rhs; numbers; [unfold Rabs; destruct Rcase_abs; lra | field]].

(* --- theorem --- *)

Lemma rest : forall r p q, Forall2 (within r) p q -> forall i, (i < length p)%nat ->
  total p - nth i p 0 <= r * (total q - nth i q 0) /\ total q - nth i q 0 <= r * (total p - nth i p 0) /\
  within r (nth i p 0) (nth i q 0).
Proof.
  intros r p q F. induction F as [|a b p q [H1 H2] F IH]; intros i Hi; simpl in Hi; [lia|].
  assert (T : total p <= r * total q /\ total q <= r * total p).
  { clear - F. induction F as [|a b p q [H1 H2] F [I1 I2]]; simpl; [lra|]. split; lra. }
  destruct i as [|i]; simpl.
  - unfold within. repeat split; lra.
  - assert (I : (i < length p)%nat) by lia. destruct (IH i I) as [X [Y Z]]. repeat split; try apply Z; lra.
Qed.

Theorem certified : claim.
Proof.
  intros p q r i [P [Q [F [R1 I]]]]. unfold lhs, rhs.
  destruct (rest r p q F i I) as [X [Y [Z W]]]. rewrite P, Q in X, Y.
  set (a := nth i p 0) in *. set (b := nth i q 0) in *.
  apply Rmult_le_reg_r with (r + 1); [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
  unfold Rabs. destruct Rcase_abs; lra.
Qed.
