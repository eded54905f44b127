(* alpha_rank/P6: Kac's lemma: mass times mean return time. In an irreducible chain the stationary mass pi(s) of a
   state s times R(s), the mean number of steps until a walk that starts in s is back in s, is exactly 1. Of every
   chain on any number of states, and every law that one step leaves as it is: the rule. *)
From Coq Require Import Reals List Lra Lia.
Import ListNotations.
Open Scope R_scope.

(* --- definitions and claim --- *)

Fixpoint sum (f : nat -> R) (n : nat) : R := match n with O => 0 | S m => sum f m + f m end.

Definition at_ (row : list R) (x : nat) : R := nth x row 0.

Definition step (P : list (list R)) (x y : nat) : R := at_ (nth x P []) y.

(* one step of the walk leaves the law p as it is *)
Definition stationary (P : list (list R)) (p : list R) : Prop :=
  sum (at_ p) (length P) = 1 /\
  Forall (fun y => sum (fun x => at_ p x * step P x y) (length P) = at_ p y) (seq 0 (length P)).

(* h has the mean numbers of steps until s is reached, 0 from s itself *)
Definition hitting (P : list (list R)) (h : list R) (s : nat) : Prop :=
  at_ h s = 0 /\
  Forall (fun x => x <> s -> at_ h x = 1 + sum (fun y => step P x y * at_ h y) (length P)) (seq 0 (length P)).

Definition hypotheses (P : list (list R)) (p h : list R) (s : nat) : Prop :=
  (s < length P)%nat /\ Forall (fun row => sum (at_ row) (length P) = 1) P /\ stationary P p /\ hitting P h s.

Definition returns (P : list (list R)) (h : list R) (s : nat) : R := 1 + sum (fun y => step P s y * at_ h y) (length P).

Definition lhs (P : list (list R)) (p h : list R) (s : nat) : R := at_ p s * returns P h s.

Definition rhs (P : list (list R)) (p h : list R) (s : nat) : R := 1.

Definition claim : Prop := forall P p h s, hypotheses P p h s -> lhs P p h s = rhs P p h s.

(* --- proof --- *)

Ltac numbers := cbv [lhs rhs returns step at_ sum nth length].

Ltac holds := unfold hypotheses, stationary, hitting; simpl length; simpl seq;
  repeat (first [lia | congruence | split | constructor | intro | progress numbers; lra]).

Ltac impossible := numbers; intro; lra.

Ltac anchored := split; [holds | split; numbers; lra].

(* --- theorem --- *)

Lemma sum_same : forall f g n, (forall x, (x < n)%nat -> f x = g x) -> sum f n = sum g n.
Proof. intros f g n. induction n; intros H; simpl; [reflexivity|]. rewrite IHn, H; auto. Qed.

Lemma sum_plus : forall f g n, sum (fun x => f x + g x) n = sum f n + sum g n.
Proof. intros. induction n; simpl; [lra|]. rewrite IHn. lra. Qed.

Lemma sum_times : forall c f n, sum (fun x => c * f x) n = c * sum f n.
Proof. intros. induction n; simpl; [lra|]. rewrite IHn. lra. Qed.

Lemma sum_swapped : forall (f : nat -> nat -> R) m n,
  sum (fun x => sum (fun y => f x y) n) m = sum (fun y => sum (fun x => f x y) m) n.
Proof.
  intros f m n. induction m; simpl.
  - induction n; simpl; lra.
  - rewrite IHm. symmetry. apply sum_plus.
Qed.

Definition here (s x : nat) : R := if Nat.eq_dec x s then 1 else 0.

Lemma sum_elsewhere : forall f s n, (n <= s)%nat -> sum (fun x => f x * here s x) n = 0.
Proof.
  intros f s n. induction n; intros N; simpl; [reflexivity|].
  rewrite IHn by lia. unfold here. destruct Nat.eq_dec; [lia | lra].
Qed.

Lemma sum_here : forall f s n, (s < n)%nat -> sum (fun x => f x * here s x) n = f s.
Proof.
  intros f s n. induction n; intros N; simpl; [lia|]. destruct (Nat.eq_dec s n) as [E|E].
  - subst n. rewrite sum_elsewhere by lia. unfold here. destruct Nat.eq_dec; [lra | lia].
  - rewrite IHn by lia. unfold here. destruct Nat.eq_dec; [lia | lra].
Qed.

Theorem certified : claim.
Proof.
  intros P p h s [S [_ [[T I] [Z H]]]]. unfold lhs, rhs. set (n := length P) in *.
  rewrite Forall_forall in I, H.
  assert (A : sum (fun x => at_ p x * sum (fun y => step P x y * at_ h y) n) n = sum (fun y => at_ p y * at_ h y) n).
  { transitivity (sum (fun x => sum (fun y => at_ p x * step P x y * at_ h y) n) n).
    - apply sum_same. intros x X. rewrite <- sum_times. apply sum_same. intros. lra.
    - rewrite sum_swapped. apply sum_same. intros y Y.
      transitivity (sum (fun x => at_ h y * (at_ p x * step P x y)) n); [apply sum_same; intros; lra|].
      rewrite sum_times, I by (apply in_seq; lia). lra. }
  assert (B : sum (fun x => at_ p x * sum (fun y => step P x y * at_ h y) n) n =
    sum (fun x => at_ p x * at_ h x) n + (- 1 * sum (at_ p) n + sum (fun x => at_ p x * returns P h s * here s x) n)).
  { rewrite <- sum_times, <- !sum_plus. apply sum_same. intros x X. unfold here. destruct (Nat.eq_dec x s) as [E|E].
    - subst x. unfold returns. fold n. rewrite Z. lra.
    - rewrite (H x) by (try apply in_seq; lia || exact E). fold n. lra. }
  rewrite (sum_here (fun x => at_ p x * returns P h s)) in B by exact S. lra.
Qed.
