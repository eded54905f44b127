(* A population of m individuals with i mutants: one more and one less come in the proportion 1 to x, where x = e^-u. *)
From Coq Require Import Reals List Lra Lia.
Open Scope R_scope.

(* chances h to get from i to m mutants before 0: (1 + x) h(i) = h(i+1) + x h(i-1), with h(0) = 0 and h(1) = a *)
Fixpoint chance (x a : R) (i : nat) : R :=
  match i with
  | O => 0
  | S j => match j with O => a | S k => (1 + x) * chance x a j - x * chance x a k end
  end.

(* one mutant takes over with chance a *)
Definition takes_over (x : R) (m : nat) (a : R) : Prop := chance x a m = 1.

(* --- facts --- *)

Fixpoint powers (x : R) (m : nat) : R := match m with O => 0 | S l => powers x l + x ^ l end.

Lemma chance_powers : forall x a i, chance x a i = a * powers x i /\ chance x a (S i) = a * powers x (S i).
Proof.
  intros x a i. induction i as [|i [I J]].
  - split; simpl; lra.
  - split; [exact J|]. change (chance x a (S (S i))) with ((1 + x) * chance x a (S i) - x * chance x a i).
    rewrite I, J. simpl. ring.
Qed.

Lemma taken : forall x m a, takes_over x m a -> a * powers x m = 1.
Proof. intros x m a T. unfold takes_over in T. destruct (chance_powers x a m) as [E _]. lra. Qed.

Lemma powers_pos : forall x m, 0 < x -> 0 < powers x (S m).
Proof.
  intros x m X. induction m; simpl in *; [lra|]. assert (P := pow_lt x m X).
  assert (Q := Rmult_lt_0_compat x (x ^ m) X P). lra.
Qed.

Lemma geometric : forall x m, (1 - x) * powers x m = 1 - x ^ m.
Proof. intros x m. induction m; simpl; [lra|]. rewrite Rmult_plus_distr_l, IHm. ring. Qed.

Lemma backwards : forall x n, 0 < x -> x ^ n * powers (/ x) (S n) = powers x (S n).
Proof.
  intros x n X. assert (F : forall y m, powers y (S m) = 1 + y * powers y m).
  { intros y m. induction m; simpl in *; [lra|]. rewrite IHm at 1. ring. }
  induction n; [simpl; lra|]. rewrite F. change (powers x (S (S n))) with (powers x (S n) + x ^ S n).
  rewrite <- IHn. simpl pow. field. lra.
Qed.
