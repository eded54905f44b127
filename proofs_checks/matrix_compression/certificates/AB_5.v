(* matrix_compression/AB-5: A price per rank bounds what any ranks keep. Ranks within the budget b, whoever chose
   them, keep at most the energy lambda b + sum max(0, sigma^2 - lambda c), for every price lambda of at least 0;
   the sum runs over all singular values sigma, and a rank that keeps sigma costs c. The bound that is stated is
   the least of these, the value of the linear program. Of every number of values, all costs and every choice
   within the budget: the rule. *)
From Coq Require Import Reals List Lra.
From Certificates Require Import Budgets.
Import ListNotations.
Open Scope R_scope.

(* --- definitions and claim --- *)

Definition hypotheses (values : list value) (b : R) (chosen : list bool) (bound : R) : Prop :=
  ordered values /\ 0 <= b /\ cost values chosen <= b /\ bound = taken b values + part b values.

Definition lhs (values : list value) (b : R) (chosen : list bool) (bound : R) : R := kept values chosen.

Definition rhs (values : list value) (b : R) (chosen : list bool) (bound : R) : R := bound.

(* the bound is the least of what a budget and all values are worth at a price *)
Definition least (values : list value) (b bound : R) : Prop :=
  (forall p, 0 <= p -> bound <= worth p b values) /\ exists p, 0 <= p /\ bound = worth p b values.

Definition claim : Prop := forall values b chosen bound, hypotheses values b chosen bound ->
  lhs values b chosen bound <= rhs values b chosen bound /\ least values b bound.

(* --- proof --- *)

Ltac holds := split; [in_order | split; [lra | split; evaluated]].

Ltac impossible := intros [one _]; revert one; simpl; lra.

Ltac anchored := split; [holds | split; unfold lhs, rhs; simpl; lra].

(* --- theorem --- *)

Theorem certified : claim.
Proof.
  intros values b chosen bound [O [B [C ->]]]. split; [apply bounded; assumption | split].
  - intros p P. apply at_most_worth; assumption.
  - destruct (some_price values b O B) as [p [P [Q _]]]. exists p. split; assumption.
Qed.
