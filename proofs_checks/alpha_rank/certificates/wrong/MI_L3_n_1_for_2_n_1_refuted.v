(* alpha_rank/MI-L3: Masses change by at most the 2(n-1)-th power of the change of the rates. If the positive rates
   C and C_hat of two chains on n states differ by at most b in logarithm, then so do their stationary laws pi and
   pi_hat by at most 2 (n - 1) b, in every state. Of every two chains with positive rates on any number of states,
   by the trees into each state: the rule. *)
From Coq Require Import Reals List Lra Lia.
Import ListNotations.
Open Scope R_scope.

(* Wrong on purpose: n - 1 for 2(n - 1). *)
(* --- definitions and claim --- *)

(* moves are numbered, a tree is the list of its moves, and `trees` has for each state those that lead to it *)
Definition weight (rates : list R) (tree : list nat) : R := fold_right (fun e x => nth e rates 0 * x) 1 tree.

Definition sum (rates : list R) (trees : list (list nat)) : R := fold_right (fun t x => weight rates t + x) 0 trees.

Definition mass (rates : list R) (trees : list (list (list nat))) (s : nat) : R :=
  sum rates (nth s trees []) / fold_right (fun ts x => sum rates ts + x) 0 trees.

(* r is e^b: both are positive, and neither is more than r times the other one *)
Definition within (r a b : R) : Prop := 0 < a /\ 0 < b /\ a <= r * b /\ b <= r * a.

Definition tree_of (n moves : nat) (tree : list nat) : Prop :=
  length tree = (n - 1)%nat /\ Forall (fun e => (e < moves)%nat) tree.

(* p and q are the masses of the state s in two chains *)
Definition hypotheses (rates other : list R) (trees : list (list (list nat))) (s : nat) (r p q : R) : Prop :=
  Forall2 (within r) rates other /\ (s < length trees)%nat /\
  Forall (fun ts => ts <> [] /\ Forall (tree_of (length trees) (length rates)) ts) trees /\
  p = mass rates trees s /\ q = mass other trees s.

Definition lhs (rates other : list R) (trees : list (list (list nat))) (s : nat) (r p q : R) : R := Rmax (q / p) (p / q).

Definition rhs (rates other : list R) (trees : list (list (list nat))) (s : nat) (r p q : R) : R :=
  r ^ (1 * (length trees - 1)).

Definition claim : Prop := forall rates other trees s r p q,
  hypotheses rates other trees s r p q -> lhs rates other trees s r p q <= rhs rates other trees s r p q.

(* --- proof --- *)

Ltac holds := unfold hypotheses, within, tree_of, mass, sum, weight; simpl;
  repeat (first [lra | lia | split | constructor | congruence]); field.

Ltac numbers := simpl length; simpl pow; simpl Nat.sub; simpl Nat.mul.

Ltac impossible := numbers; unfold Rmax; destruct Rle_dec; lra.

Ltac anchored := split; [holds | split; unfold lhs, rhs; numbers; [unfold Rmax; destruct Rle_dec; lra | field]].

Theorem refuted : ~ claim.
Proof.
  intro wrong.
  assert (one : hypotheses [100; 1] [50; 2] [[[1]]; [[0]]]%nat 0 2 (1 / 101) (1 / 26)) by holds.
  apply wrong in one. unfold lhs, rhs in one. revert one. impossible.
Qed.
